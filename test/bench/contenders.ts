import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parallel, sequential } from './engine.ts';
import type { Payload } from './payload.ts';
import type { Block, Tools } from './types.ts';

/** Another way to ask a plugin, started and answered once. */
export interface Contender {
  block(payload: Payload, inFlight?: number): Block;
  close(): Promise<void>;
}

interface Opened {
  call(payload: unknown): Promise<unknown>;
  close(): unknown;
}

/** Programs of `contenders/`, by the name in the tables. */
const PROGRAMS: Readonly<Record<string, { readonly file: string; readonly options?: object }>> = {
  'raw echo': { file: 'raw' },
  'vscode-jsonrpc': { file: 'vscode-jsonrpc' },
  'MCP SDK': { file: 'mcp-sdk' },
  jayson: { file: 'jayson' },
  'grpc-js': { file: 'grpc-js' },
  'node fork': { file: 'fork' },
  worker_threads: { file: 'worker-threads' },
  'bare relay': { file: 'relay' },
  'process per event, sh': { file: 'process-per-event', options: { program: 'sh' } },
  'process per event, node': { file: 'process-per-event', options: { program: 'node' } },
};

/** Those of a whole call; the relay is compared with the daemon alone. */
export const PEERS: readonly string[] = [
  ...Object.keys(PROGRAMS).filter((name) => name !== 'bare relay'),
  'go-plugin gRPC',
  'go-plugin net/rpc',
  'pluggy',
];

/** Starts a contender of this name; undefined when what it needs is not there. */
export async function openContender(name: string, tools: Tools): Promise<Contender | undefined> {
  const program = PROGRAMS[name];
  if (program !== undefined) return openProgram(program.file, program.options ?? {});
  if (name === 'pluggy') {
    const script = new URL('contenders/in_process.py', import.meta.url).pathname;
    return tools.pluggy === undefined ? undefined : openDriver(tools.pluggy, [script], {});
  }
  const goPlugin = tools['go-plugin'];
  return goPlugin === undefined ? undefined : openDriver(goPlugin, [], { BENCH_KIND: name.endsWith('gRPC') ? 'grpc' : 'netrpc' });
}

async function openProgram(file: string, options: object): Promise<Contender> {
  const { open } = (await import(new URL(`contenders/${file}.mjs`, import.meta.url).href)) as { open(options: object): Promise<Opened> };
  const { call, close } = await open(options);
  return {
    block: (payload, inFlight = 1) => (inFlight === 1 ? sequential(() => call(payload)) : parallel(() => call(payload), inFlight)),
    close: async () => void (await close()),
  };
}

/** A host of its own in another language that is told how often to call, and says how many nanoseconds that took. */
async function openDriver(command: string, args: readonly string[], env: Record<string, string>): Promise<Contender> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).value !== 'ready') throw new Error(`Cannot start "${command}": it did not say that it is ready`);
  return {
    block:
      (payload, inFlight = 1) =>
      async (count) => {
        const calls = inFlight === 1 ? count : Math.max(count, inFlight * 4);
        child.stdin.write(`${JSON.stringify({ calls, inFlight, payload })}\n`);
        return Number((await lines.next()).value) / 1000 / calls;
      },
    async close() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
