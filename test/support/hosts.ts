import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Catalog, Config, HookMap, PluginEntry } from '@outrigger/schemas';
import { Core, type CoreOptions } from '../../host/daemon/core.ts';
import { type CatalogHooks, defineCatalog } from '../../host/daemon/define-catalog.ts';
import { createHost } from '../../host/daemon/host.ts';
import { HostScope } from '../../host/daemon/scope.ts';
import type { Host, HostOptions } from '../../host/daemon/types.ts';
import { loadRegistry } from '../../host/registry/load-registry.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/plugins/', import.meta.url));

const RULES = {
  description: 'Something happens to a document.',
  payload: {
    type: 'object',
    properties: { title: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
    required: ['title', 'tags'],
    additionalProperties: false,
  },
  allows: ['modify', 'block', 'replace'],
  writable: ['/title', '/tags'],
  replaceSchema: { type: 'integer' },
} as const;

/** The hook points that the fixture plugins hear. */
export const APP = defineCatalog({ name: 'app', hooks: { save: RULES, lookup: RULES, check: RULES } });

export type AppHooks = HookMap & CatalogHooks<typeof APP>;
export type AppHost = Host<AppHooks>;

export const DRAFT: { title: string; tags: string[] } = { title: 'draft', tags: [] };

/** Entries for fixture plugins, trusted. */
export function fixtures(entries: Readonly<Record<string, PluginEntry>>): NonNullable<Config['plugins']> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [name, { path: join(FIXTURES, name), trust: 'full', ...entry } as const]),
  );
}

/** Hosts in a home of their own. Close it: hosts and folder are gone. */
export class Hosts {
  readonly #opened: { close(): Promise<void> }[] = [];
  #home: Promise<string> | undefined;

  /** Made when it is first needed. */
  get home(): Promise<string> {
    this.#home ??= mkdtemp(join(tmpdir(), 'outrigger-host-'));
    return this.#home;
  }

  /** A host with the test's catalog and these plugins. */
  async open(
    entries: Readonly<Record<string, PluginEntry>> = {},
    options: Omit<HostOptions, 'catalogs'> & { sets?: Config['sets'] } = {},
  ): Promise<AppHost> {
    const { sets = {}, ...others } = options;
    const config: Config = { catalogs: [], plugins: fixtures(entries), sets };
    const host = await createHost({ config, catalogs: [APP], env: await this.env(), ...others });
    this.#opened.push(host);
    return host;
  }

  /** What is inside a host, for tests that need to look there. */
  async openCore(options: Partial<CoreOptions> & { config?: Config } = {}): Promise<{ core: Core; root: HostScope<AppHooks> }> {
    const { config = {}, ...others } = options;
    const home = await this.home;
    const catalogs = [APP as unknown as Catalog];
    const registry = await loadRegistry({ config: { catalogs: [], ...config }, cwd: home, env: {}, catalogs });
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const core = new Core({ registry, env: await this.env(), dataDir: join(home, 'data'), cacheDir: join(home, 'cache'), log, ...others });
    const root = new HostScope<AppHooks>(core);
    core.root = root as unknown as HostScope;
    this.#opened.push({ close: () => core.stop() });
    return { core, root };
  }

  async env(): Promise<Record<string, string | undefined>> {
    return { PATH: process.env['PATH'], HOME: await this.home };
  }

  async close(): Promise<void> {
    for (const one of this.#opened) await one.close();
    if (this.#home !== undefined) await rm(await this.#home, { recursive: true, force: true });
  }
}
