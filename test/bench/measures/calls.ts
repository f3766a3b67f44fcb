import { openContender, PEERS } from '../contenders.ts';
import { openingOrder, sequential } from '../engine.ts';
import { type AnswerKind, fire, type Language, makePlugin, openHost } from '../ours.ts';
import { type Payload, payloadOf, type Size } from '../payload.ts';
import type { Bench, Block, Goal, Measure, Series } from '../types.ts';

/** Our contenders of a call: a host of its own for each, so that none hears the events of another. */
const OURS: Readonly<Record<string, { readonly language: Language; readonly answer: AnswerKind; readonly isConfined?: boolean }>> = {
  outrigger: { language: 'typescript', answer: 'none' },
  'outrigger, payload echoed': { language: 'typescript', answer: 'echo' },
  'outrigger, modify': { language: 'typescript', answer: 'modify' },
  'outrigger, sandboxed': { language: 'typescript', answer: 'none', isConfined: true },
  'outrigger, plugin without SDK': { language: 'by hand', answer: 'none' },
  'outrigger, Python plugin': { language: 'python', answer: 'none' },
  'outrigger, Go plugin': { language: 'go', answer: 'none' },
  'outrigger, Rust plugin': { language: 'rust', answer: 'none' },
};
const ALL_PEERS = PEERS.filter((name) => !name.startsWith('process per event'));
const NEEDS = ['bundle', 'python', 'pluggy', 'go', 'go-plugin', 'rust'] as const;
const BOTH = ['one core', 'all cores'] as const;

/** Blocks of these contenders, ours and others, for calls of this payload. */
export async function openCalls(bench: Bench, names: readonly string[], payload: Payload): Promise<Series> {
  const blocks: Record<string, Block> = {};
  const closing: (() => Promise<void>)[] = [];
  for (const name of names) {
    const opened = OURS[name] === undefined ? await theirs(bench, name, payload) : await ours(bench, name, payload);
    if (opened === undefined) continue;
    blocks[name] = opened.block;
    closing.push(opened.close);
  }
  return { blocks, close: async () => void (await Promise.all(closing.map((close) => close()))) };
}

async function theirs({ tools }: Bench, name: string, payload: Payload) {
  const contender = await openContender(name, tools);
  return contender && { block: contender.block(payload), close: contender.close };
}

async function ours(bench: Bench, name: string, payload: Payload) {
  const options = OURS[name];
  const plugin = `p${Object.keys(OURS).indexOf(name)}`;
  const entry = makePlugin(bench, plugin, options);
  if (entry === undefined || (options?.isConfined === true && bench.tools.sandbox === undefined)) return undefined;
  const host = await openHost(bench, { [plugin]: entry });
  return { block: sequential(fire(host, payload)), close: () => host.close() };
}

interface CallRow {
  readonly size: Size;
  readonly names: readonly string[];
  readonly goals: readonly Goal[];
}

function calls({ size, names, goals }: CallRow): Measure {
  return {
    ...{ id: `call-${idOf(size)}`, title: `Whole hook call, ${size}`, unit: 'µs', needs: NEEDS, goals },
    placements: size === '8 MB' ? ['all cores'] : BOTH,
    ...(size === '8 MB' ? { isLong: true, share: 0.5 } : {}),
    shown: names
      .filter((name) => name !== 'raw echo' && !goals.some(({ subject, against }) => subject === name && against === 'raw echo'))
      .map((subject) => ({ subject, against: 'raw echo' })),
    open: (bench) => openCalls(bench, names, payloadOf(size)),
  };
}

function idOf(size: Size): string {
  return size.replace(' ', '');
}

/** The harder of the two answers, against the raw echo alone: warm, as an event a second is after a while. */
function echoed(size: Size, atMost: number): Measure {
  return {
    ...{ id: `echoed-${idOf(size)}`, title: `Whole hook call, ${size}, both ways`, unit: 'µs', needs: ['bundle'], placements: BOTH },
    ...{ share: 2, warmth: size === '4 KB' ? WARM : 1 },
    goals: [{ subject: 'outrigger, payload echoed', against: 'raw echo', atMost }],
    open: (bench) => openCalls(bench, openingOrder(['raw echo', 'outrigger, payload echoed'], bench.turn), payloadOf(size)),
  };
}

/** Half a second of warming is some thousand calls, of the 10,000 it takes. */
const WARM = 4;
const SMALL = ['outrigger', 'outrigger, payload echoed', 'outrigger, plugin without SDK'];
const LARGER = ['outrigger', 'outrigger, plugin without SDK'];
const MIDDLE = ['vscode-jsonrpc', 'MCP SDK', 'jayson', 'grpc-js', 'go-plugin gRPC', 'go-plugin net/rpc', 'node fork', 'worker_threads'];

export const CALLS: readonly Measure[] = [
  calls({
    size: '200 B',
    names: ['raw echo', ...SMALL, 'outrigger, Python plugin', 'outrigger, Go plugin', 'outrigger, Rust plugin', ...ALL_PEERS.slice(1)],
    goals: [
      { subject: 'outrigger', against: 'raw echo', atMost: 1.25 },
      { subject: 'outrigger', against: 'vscode-jsonrpc', atMost: 0.5 },
      { subject: 'outrigger', against: 'MCP SDK', atMost: 0.5 },
      { subject: 'outrigger', against: 'go-plugin gRPC', atMost: 0.5 },
      { subject: 'outrigger', against: 'grpc-js', atMost: 0.2 },
    ],
  }),
  calls({ size: '4 KB', names: ['raw echo', ...LARGER, ...MIDDLE], goals: [] }),
  calls({ size: '256 KB', names: ['raw echo', ...LARGER, ...MIDDLE], goals: [] }),
  echoed('4 KB', 1.2),
  echoed('256 KB', 1.1),
  calls({ size: '8 MB', names: ['raw echo', ...SMALL.slice(0, 2), 'vscode-jsonrpc', 'node fork'], goals: [] }),
  {
    ...{ id: 'modify', title: 'The same with a modify answer, 200 B', unit: 'µs', needs: ['bundle'], placements: BOTH, warmth: WARM },
    goals: [{ subject: 'outrigger, modify', against: 'raw echo', atMost: 1.6 }],
    open: (bench) => openCalls(bench, ['raw echo', 'outrigger, modify'], payloadOf('200 B')),
  },
  {
    ...{
      id: 'sandboxed',
      title: 'Sandboxed plugin, per call, 200 B',
      unit: 'µs',
      needs: ['bundle', 'sandbox'],
      placements: BOTH,
      share: 3,
    },
    goals: [{ subject: 'outrigger, sandboxed', against: 'outrigger', atMost: 1.03 }],
    open: (bench) => openCalls(bench, openingOrder(['outrigger', 'outrigger, sandboxed'], bench.turn), payloadOf('200 B')),
  },
  {
    ...{ id: 'per-event', title: 'A process for each event, 200 B', unit: 'µs', needs: ['bundle'], placements: ['all cores'], goals: [] },
    shown: [
      { subject: 'process per event, sh', against: 'outrigger' },
      { subject: 'process per event, node', against: 'outrigger' },
    ],
    share: 0.5,
    open: (bench) => openCalls(bench, ['outrigger', 'process per event, sh', 'process per event, node'], payloadOf('200 B')),
  },
];
