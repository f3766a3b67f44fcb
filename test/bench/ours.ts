import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHost, defineCatalog, type Host } from 'outrigger';
import type { Payload } from './payload.ts';
import type { Bench, Tools } from './types.ts';

const SDK_PYTHON = fileURLToPath(new URL('../../sdk/python', import.meta.url));

const EVENT = {
  description: 'Fires for every call that is measured.',
  payload: {
    type: 'object',
    properties: {
      id: { type: 'string', minLength: 1 },
      items: {
        type: 'array',
        items: {
          type: 'object',
          properties: { n: { type: 'integer', minimum: 0 }, text: { type: 'string' } },
          required: ['n', 'text'],
          additionalProperties: false,
        },
      },
    },
    required: ['id', 'items'],
    additionalProperties: false,
  },
  allows: ['modify', 'block'],
  writable: ['/id'],
  timeoutMs: 60_000,
  budgetMs: 120_000,
} as const;

/** The hook points of the benchmark, checked like any other. */
export const CATALOG = defineCatalog({ name: 'bench', hooks: { event: EVENT, other: EVENT } });

/** `none`: nothing changed, the usual answer. `echo`: the whole payload comes back, as from the raw echo. `modify`: one field. */
export type AnswerKind = 'none' | 'echo' | 'modify';
export type Language = 'typescript' | 'by hand' | 'python' | 'go' | 'rust';

export interface PluginOptions {
  readonly language?: Language;
  readonly answer?: AnswerKind;
  readonly mode?: 'sequential' | 'concurrent' | 'audit' | 'fire_and_forget';
  readonly activation?: 'eager' | 'lazy';
  readonly concurrency?: number;
  /** Full trust by default: measured apart from the sandbox. */
  readonly isConfined?: boolean;
  /** What it hears. Default `bench.event`. */
  readonly hook?: 'bench.event' | 'bench.other';
  /** Only events whose id is this one. */
  readonly onlyFor?: string;
  /** Extra words of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export type BenchHost = Host<{ 'bench.event': { payload: Payload } }>;

/** An entry of the config for a plugin made in the launch's folder; undefined when its language is not there. */
export function makePlugin(bench: Bench, name: string, options: PluginOptions = {}): object | undefined {
  const { mode = 'sequential', activation = 'lazy', concurrency = 512, answer = 'none' } = options;
  const folder = join(bench.folder, 'plugins', name);
  mkdirSync(folder, { recursive: true });
  const runtime = runtimeOf(options.language ?? 'typescript', bench.tools, folder);
  if (runtime === undefined) return undefined;
  const match = options.onlyFor === undefined ? {} : { match: { id: options.onlyFor } };
  const manifest = {
    ...{ name, version: '1.0.0', activation, concurrency },
    runtime: { ...runtime, env: { ...runtime.env, BENCH_ANSWER: answer, ...options.env } },
    hooks: { [options.hook ?? 'bench.event']: { mode, ...match } },
  };
  writeFileSync(join(folder, 'plugin.json'), JSON.stringify(manifest));
  return options.isConfined === true ? { path: folder } : { path: folder, trust: 'full' };
}

interface Runtime {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How it starts; what it is made of is copied into its folder, the way it would be installed. */
function runtimeOf(language: Language, tools: Tools, folder: string): Runtime | undefined {
  switch (language) {
    case 'typescript':
      cpSync(bundleOf(tools), join(folder, 'plugin.mjs'));
      return { command: 'node', args: ['plugin.mjs'] };
    case 'by hand':
      cpSync(new URL('plugins/by-hand.mjs', import.meta.url), join(folder, 'plugin.mjs'));
      return { command: 'node', args: ['plugin.mjs'] };
    case 'python':
      cpSync(new URL('plugins/plugin.py', import.meta.url), join(folder, 'plugin.py'));
      return tools.python === undefined
        ? undefined
        : { command: tools.python, args: ['plugin.py'], env: { PYTHONPATH: SDK_PYTHON, PYTHONDONTWRITEBYTECODE: '1' } };
    default: {
      const program = tools[language];
      if (program === undefined) return undefined;
      cpSync(program, join(folder, 'plugin'));
      return { command: './plugin' };
    }
  }
}

export function bundleOf({ bundle }: Tools): string {
  if (bundle === undefined) throw new Error('Cannot start a plugin: its bundle was not built; name "bundle" under "needs" of the measure');
  return bundle;
}

/** A host with these plugins, as an application opens it: everything checked, every event traced. */
export async function openHost(bench: Bench, plugins: Readonly<Record<string, object | undefined>>): Promise<BenchHost> {
  const home = join(bench.folder, 'home');
  mkdirSync(home, { recursive: true });
  const there = Object.fromEntries(Object.entries(plugins).filter(([, entry]) => entry !== undefined));
  const host = await createHost({
    config: { catalogs: [], plugins: there } as never,
    catalogs: [CATALOG],
    cwd: bench.folder,
    env: { PATH: process.env['PATH'], HOME: home },
  });
  for (const { message } of host.problems) throw new Error(`Cannot open the host of the benchmark: ${message}`);
  return host as unknown as BenchHost;
}

/** Fires one event; anything but the usual end is an error of the benchmark. */
export function fire(host: Pick<BenchHost, 'emit'>, payload: Payload): () => Promise<unknown> {
  return async () => {
    const outcome = await host.emit('bench.event', payload);
    if (outcome.status !== 'continued' || outcome.failOpens.length > 0) {
      throw new Error(`Cannot measure: the event ended with ${JSON.stringify(outcome).slice(0, 2000)}`);
    }
  };
}
