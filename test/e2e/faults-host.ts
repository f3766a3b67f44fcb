import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, HookMap, PluginEntry, TracedAnswer } from '@outrigger/schemas';
import { type CatalogHooks, createHost, defineCatalog, type Host, type HostOptions, type Outcome } from 'outrigger';

const PLUGINS: string = fileURLToPath(new URL('../fixtures/plugins/', import.meta.url));

const DOCUMENT = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    owner: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    extra: { type: 'object' },
  },
  required: ['title', 'owner', 'tags'],
  additionalProperties: false,
} as const;

const RULES = {
  payload: DOCUMENT,
  allows: ['modify', 'block', 'replace'],
  writable: ['/title', '/tags', '/extra'],
  replaceSchema: { type: 'string' },
  timeoutMs: 10_000,
  budgetMs: 20_000,
} as const;

/** Hook points of an imaginary editor: what the fixture plugins hear. */
export const APP = defineCatalog({
  name: 'app',
  hooks: {
    save: { ...RULES, description: 'A document is saved' },
    lookup: { ...RULES, description: 'A document is looked up', idempotent: true },
    check: { ...RULES, description: 'A document is checked' },
    saved: { payload: DOCUMENT, description: 'A document was saved' },
  },
});

export type FaultHost = Host<HookMap & CatalogHooks<typeof APP>>;
export type Logged = { readonly level: string; readonly message: string; readonly fields: Readonly<Record<string, unknown>> };

export interface FaultOptions
  extends Pick<HostOptions, 'services' | 'secrets' | 'onPermissionRequest' | 'onTrace' | 'traceCapacity' | 'log'> {
  readonly limits?: NonNullable<Config['limits']>;
  /** Default `ignore`: the event goes on, so that the test can look at the other plugins. */
  readonly onFailure?: 'fail' | 'ignore';
}

/** Settings for fixture plugins by name; each is trusted, and what it breaks is ignored unless said otherwise. */
export function entries(
  plugins: Readonly<Record<string, PluginEntry>>,
  onFailure: 'fail' | 'ignore' = 'ignore',
): Record<string, PluginEntry> {
  return Object.fromEntries(
    Object.entries(plugins).map(([name, entry]) => [name, { path: join(PLUGINS, name), trust: 'full', onFailure, ...entry } as const]),
  );
}

/** Runs `body` with a host whose only plugins are these fixtures; afterwards nothing of it is left. */
export async function withHost(
  plugins: Readonly<Record<string, PluginEntry>>,
  options: FaultOptions,
  body: (host: FaultHost) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outrigger-faults-'));
  const { limits = {}, onFailure, ...others } = options;
  const config: Config = { catalogs: [], plugins: entries(plugins, onFailure), limits, dataDir };
  const host = await createHost({ config, catalogs: [APP], env: { PATH: process.env['PATH'], HOME: dataDir }, ...others });
  try {
    await body(host);
  } finally {
    await host.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A document to fire events with. */
export function document(title = 'sin'): { title: string; owner: string; tags: string[] } {
  return { title, owner: 'us', tags: [] };
}

/** What one plugin said at one event. */
export function answerOf(outcome: Pick<Outcome, 'trace'>, plugin: string): TracedAnswer {
  const answer = outcome.trace.answers.find((one) => one.plugin === plugin);
  if (answer === undefined) throw new Error(`"${plugin}" was not asked`);
  return answer;
}

/** How things stand with one plugin. */
export function statusOf(host: Pick<Host, 'plugins'>, plugin: string) {
  const status = host.plugins().find(({ registered }) => registered.name === plugin)?.status;
  if (status === undefined) throw new Error(`"${plugin}" is not enabled`);
  return status;
}

/** A logger that keeps what it is given. */
export function logbook(): { readonly records: Logged[]; readonly log: NonNullable<HostOptions['log']> } {
  const records: Logged[] = [];
  const keep =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      records.push({ level, message, fields });
    };
  return { records, log: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') } };
}

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

/** Every process that is alive (no zombies), out of /proc. */
export async function processes(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap((stat, index) => {
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return stat === '' || state === 'Z' || state === 'X'
      ? []
      : [{ pid: Number(pids[index]), parent: Number(parent), group: Number(group) }];
  });
}

/** Members of a process group that are alive. */
export async function groupOf(leader: number | undefined): Promise<number[]> {
  return (await processes()).filter(({ group }) => group === leader).map(({ pid }) => pid);
}

/** Whether a process is alive. */
export async function isAlive(pid: number | undefined): Promise<boolean> {
  return (await processes()).some((entry) => entry.pid === pid);
}

/** Numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
