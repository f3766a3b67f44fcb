import { randomBytes } from 'node:crypto';
import type { Catalog, HookMap, Permissions, ReloadResult, Trace } from '@outrigger/schemas';
import { makeTrace } from '../dispatcher/trace.ts';
import { HostError } from '../protocol/errors.ts';
import type { Logger } from '../protocol/types.ts';
import { cacheFolder } from '../registry/data-folder.ts';
import { loadRegistry } from '../registry/load-registry.ts';
import { addGrant } from '../registry/lock-file.ts';
import type { Problem, Registry } from '../registry/types.ts';
import type { VersionedPlugin } from '../supervisor/versioned-plugin.ts';
import { type Actor, APPLICATION, type AuditEntry } from './audit.ts';
import { checkOptions } from './check-options.ts';
import { Core } from './core.ts';
import type { AllHooks, CatalogSource } from './define-catalog.ts';
import { Reloader, type ReloadOptions, type ReloadRecord } from './live/reloader.ts';
import type { EventWatcher } from './metrics/finished-event.ts';
import { loadJournal } from './open-journal.ts';
import { HostScope } from './scope.ts';
import type { BreakerInfo, HookInfo, Host, HostOptions, HostStats, PluginInfo, Session } from './types.ts';

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

type Typed<C extends readonly CatalogSource[]> = HookMap & AllHooks<C>;

/**
 * Starts a host inside this process. No plugin process starts before the first event it hears, unless it asks to.
 * Rejects with CONFIG_INVALID, CATALOG_INVALID, PLUGIN_REQUIRED or, when frozen, PLUGIN_REFUSED; a broken plugin is a problem of the host, not an error.
 */
export async function createHost<const C extends readonly CatalogSource[] = []>(
  options: Omit<HostOptions, 'catalogs'> & { readonly catalogs?: C } = {},
): Promise<Host<Typed<C>>> {
  checkOptions(options);
  const env = options.env ?? globalThis.process.env;
  const cacheDir = cacheFolder(env);
  const load = (config: HostOptions['config'] = options.config): Promise<Registry> =>
    loadRegistry({
      cwd: options.cwd ?? globalThis.process.cwd(),
      env,
      cacheDir,
      ...(config === undefined ? {} : { config }),
      ...(options.catalogs === undefined ? {} : { catalogs: options.catalogs as unknown as readonly Catalog[] }),
      ...(options.catalogNames === undefined ? {} : { catalogNames: options.catalogNames }),
      ...(options.noPlugins === undefined ? {} : { noPlugins: options.noPlugins }),
      ...(options.without === undefined ? {} : { without: options.without }),
      ...(options.frozen === undefined ? {} : { frozen: options.frozen }),
      ...(options.lockFile === undefined ? {} : { lockFile: options.lockFile }),
    });
  if (options.services !== undefined) (await import('./services.ts')).checkServices(options.services);
  const registry = await load();
  const recordGrant = (plugin: string, permissions: Permissions) => recordInLock(core.registry, plugin, permissions);
  const core: Core = new Core({
    ...options,
    registry,
    env,
    dataDir: registry.places.dataDir,
    cacheDir,
    log: options.log ?? SILENT,
    Journal: await loadJournal(options.journal === true, registry),
    recordGrant,
  });
  const host = new EmbeddedHost<Typed<C>>(core, new Reloader(core, load));
  if (options.startEager !== false) core.startEager();
  void core.journal?.start();
  return host;
}

/** Undefined when it was written, else why it cannot be. */
async function recordInLock({ plugins }: Registry, plugin: string, permissions: Permissions): Promise<string | undefined> {
  const { lockFile, lock } = plugins.get(plugin) ?? {};
  if (lockFile === undefined || lock !== 'accepted') return `it is in no lock file; run "outrigger plugins trust ${plugin}" first`;
  try {
    return (await addGrant(lockFile, plugin, permissions)) ? undefined : `"${lockFile}" does not name it any more`;
  } catch (error) {
    if (error instanceof HostError) return error.message;
    throw error;
  }
}

class EmbeddedHost<M> extends HostScope<M> implements Host<M> {
  readonly #core: Core;
  readonly #reloader: Reloader;
  #closing: Promise<void> | undefined;

  constructor(core: Core, reloader: Reloader) {
    super(core);
    this.#core = core;
    this.#reloader = reloader;
    core.root = this as unknown as HostScope;
  }

  session(options: { id?: string; plugins?: readonly string[] } = {}): Session<M> {
    return this.open({ id: options.id ?? `s${randomBytes(9).toString('base64url')}`, plugins: options.plugins ?? [] });
  }

  plugins(): readonly PluginInfo[] {
    return [...this.#core.registry.plugins.values()].map((registered) => ({
      registered,
      status: this.#core.guard.data(this.#core.roster.plugin(registered.name)?.status()),
    }));
  }

  hooks(): readonly HookInfo[] {
    return [...this.#core.registry.hooks.values()].map((hook) => ({
      name: hook.name,
      description: hook.description,
      subscribers: this.audience.plan(hook).ordered.map(({ subscription }) => subscription.plugin),
    }));
  }

  get problems(): readonly Problem[] {
    const { registry, roster } = this.#core;
    const kept = roster.plugins().flatMap((plugin) => rolledBack(plugin));
    return [...registry.problems, ...this.#core.guard.data(kept)];
  }

  traces(): readonly Trace[] {
    return this.#core.guard.data(this.#core.recent.traces());
  }

  trace(event: string): Trace | undefined {
    const run = this.#core.recent.find(event);
    return run === undefined ? undefined : this.#core.guard.data(makeTrace(run));
  }

  async restart(plugin: string, by: Actor = APPLICATION): Promise<void> {
    this.assertOpen();
    const { name, reason, state } = this.#core.registered(plugin);
    const supervised = this.#core.roster.plugin(name);
    if (supervised === undefined) throw new HostError('PLUGIN_UNKNOWN', `Cannot restart plugin "${name}": ${reason ?? state}`);
    const failure = await supervised.restart();
    this.#core.audit({ action: 'restart', plugin: name, by, reason: failure?.message });
    if (failure !== undefined) throw new HostError(failure.code, this.#core.guard.text(failure.message));
  }

  audit(entry: AuditEntry): void {
    this.#core.audit(entry);
  }

  reload(options: ReloadOptions = {}): Promise<ReloadResult> {
    return this.#reloader.reload(options);
  }

  async watchFiles(onChange: (changed: readonly string[]) => Promise<unknown>): Promise<() => void> {
    const [{ FolderWatch }, { watchPlan }] = await Promise.all([
      import('../registry/watch-folders.ts'),
      import('../registry/watch-plan.ts'),
    ]);
    const watch = new FolderWatch({
      items: () => watchPlan(this.#core.registry),
      onChange: (items) => onChange(items.flatMap(({ plugin }) => plugin ?? [])),
      onProblem: (message) => this.#core.warn(message),
    });
    await watch.start();
    return () => watch.close();
  }

  get lastReload(): ReloadRecord | undefined {
    return this.#reloader.latest;
  }

  onChange(listener: () => void): () => void {
    return this.#reloader.onChange(listener);
  }

  stats(): HostStats {
    return this.#core.stats();
  }

  breakers(): readonly BreakerInfo[] {
    return this.#core.breakers();
  }

  watch(watcher: EventWatcher): () => void {
    return this.#core.watchers.add(watcher);
  }

  tellWatchers(): void {
    this.#core.watchers.catchUp();
  }

  override close(): Promise<void> {
    this.#closing ??= this.#core.stop();
    return this.#closing;
  }
}

function rolledBack({ name, rollback }: VersionedPlugin): Problem[] {
  if (rollback === undefined) return [];
  const message = `Cannot use the new version, so the one before keeps running: ${rollback.message}`;
  return [{ severity: 'warning', plugin: name, message }];
}
