import { type Contender, openContender } from '../contenders.ts';
import { parallel, sequential } from '../engine.ts';
import { type BenchHost, fire, makePlugin, openHost, type PluginOptions } from '../ours.ts';
import { payloadOf } from '../payload.ts';
import type { Bench, Block, Goal, Measure, Series } from '../types.ts';

const IN_FLIGHT_PEERS = ['raw echo', 'vscode-jsonrpc', 'MCP SDK', 'jayson', 'grpc-js', 'go-plugin gRPC', 'go-plugin net/rpc', 'node fork'];

/** So many calls of one plugin at any time. */
function inFlight(count: number, peers: readonly string[], goals: readonly Goal[]): Measure {
  return {
    ...{ id: `in-flight-${count}`, title: `${count} calls in flight, 200 B`, unit: 'µs', goals },
    ...{ needs: ['bundle', 'go-plugin'], placements: ['all cores'], share: goals.length === 0 ? 0.5 : 1 },
    shown: ['outrigger', ...peers.filter((name) => name !== 'raw echo')].map((subject) => ({ subject, against: 'raw echo' })),
    async open(bench): Promise<Series> {
      const payload = payloadOf('200 B');
      const contenders = await openAll(bench, peers);
      const host = await openHost(bench, { p: makePlugin(bench, 'p') });
      const blocks: Record<string, Block> = { outrigger: parallel(fire(host, payload), count) };
      for (const [name, contender] of contenders) blocks[name] = contender.block(payload, count);
      return { blocks, close: () => closeAll([host, ...contenders.values()]) };
    },
  };
}

/** A large event takes so long that few more calls would fit into more warming. */
const PACE = { '200 B': { warmth: 6, share: 2 }, '256 KB': { warmth: 1, share: 1 } } as const;

/** Five plugins one after another. */
function chain(size: keyof typeof PACE, atMost: number): Measure {
  return {
    ...{ id: `chain-${size.replace(' ', '')}`, title: `Chain of 5 plugins, ${size}`, unit: 'µs', needs: ['bundle'] },
    ...{ placements: ['one core', 'all cores'], ...PACE[size] },
    goals: [{ subject: 'outrigger', against: 'raw echo', atMost }],
    async open(bench): Promise<Series> {
      const payload = payloadOf(size);
      const peers = await openRaw(bench, 5);
      const calls = peers.map((peer) => peer.block(payload));
      const host = await openHost(bench, plugins(bench, 5));
      const raw: Block = async (count) => {
        const started = performance.now();
        for (let done = 0; done < count; done++) for (const call of calls) await call(1);
        return ((performance.now() - started) * 1000) / count;
      };
      return { blocks: { 'raw echo': raw, outrigger: sequential(fire(host, payload)) }, close: () => closeAll([host, ...peers]) };
    },
  };
}

/** One event for ten plugins at the same time. */
function fanOut(size: keyof typeof PACE, atMost: number): Measure {
  return {
    ...{ id: `fan-out-${size.replace(' ', '')}`, title: `One event to 10 plugins at once, ${size}`, unit: 'µs', needs: ['bundle'] },
    ...{ placements: ['all cores'], warmth: PACE[size].warmth },
    goals: [
      { subject: 'outrigger, concurrent', against: 'raw echo', atMost },
      { subject: 'outrigger, audit', against: 'raw echo', atMost },
    ],
    async open(bench): Promise<Series> {
      const payload = payloadOf(size);
      const peers = await openRaw(bench, 10);
      const calls = peers.map((peer) => peer.block(payload));
      const raw = sequential(() => Promise.all(calls.map((call) => call(1))));
      const concurrent = await openHost(bench, plugins(bench, 10, { mode: 'concurrent' }));
      const audit = await openHost(bench, plugins(bench, 10, { mode: 'audit' }, 'a'));
      const ours = { 'outrigger, concurrent': sequential(fire(concurrent, payload)), 'outrigger, audit': sequential(fire(audit, payload)) };
      return { blocks: { 'raw echo': raw, ...ours }, close: () => closeAll([concurrent, audit, ...peers]) };
    },
  };
}

function plugins(bench: Bench, count: number, options: PluginOptions = {}, prefix = 'p'): Record<string, object | undefined> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, makePlugin(bench, `${prefix}${n}`, options)]));
}

async function openRaw({ tools }: Bench, count: number): Promise<Contender[]> {
  const peers = await Promise.all(Array.from({ length: count }, () => openContender('raw echo', tools)));
  return peers.filter((peer) => peer !== undefined);
}

async function openAll({ tools }: Bench, names: readonly string[]): Promise<Map<string, Contender>> {
  const all = new Map<string, Contender>();
  for (const name of names) {
    const contender = await openContender(name, tools);
    if (contender !== undefined) all.set(name, contender);
  }
  return all;
}

async function closeAll(all: readonly (Contender | BenchHost)[]): Promise<void> {
  await Promise.all(all.map((one) => one.close()));
}

const CURVE = ['raw echo', 'vscode-jsonrpc'];

export const MANY: readonly Measure[] = [
  inFlight(1, CURVE, []),
  inFlight(4, CURVE, []),
  inFlight(16, CURVE, []),
  inFlight(64, CURVE, []),
  inFlight(256, IN_FLIGHT_PEERS, [{ subject: 'outrigger', against: 'vscode-jsonrpc', atMost: 1 / 3.5, isSpeed: true }]),
  chain('200 B', 1.15),
  chain('256 KB', 0.45),
  fanOut('200 B', 1.1),
  fanOut('256 KB', 0.85),
];
