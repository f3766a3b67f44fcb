import { join } from 'node:path';
import type { Permissions } from '@outrigger/schemas';
import type { EmitContext } from '../dispatcher/emit.ts';
import type { EventRun } from '../dispatcher/event-run.ts';
import type { Participant } from '../dispatcher/plan.ts';
import { isFailOpen, makeTrace } from '../dispatcher/trace.ts';
import { Timers } from '../process/timers.ts';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { HostError } from '../protocol/errors.ts';
import type { Logger } from '../protocol/types.ts';
import type { LoadedHook, RegisteredPlugin, Registry, Subscription } from '../registry/types.ts';
import { SupervisedPlugin } from '../supervisor/supervised-plugin.ts';
import { LiveGrants } from './live-grants.ts';
import { pluginParticipant } from './participants.ts';
import { pluginSpec } from './plugin-spec.ts';
import { RecentEvents } from './recent-events.ts';
import { guardedHandle, guardedLog, SecretGuard } from './redact-secrets.ts';
import type { HostScope } from './scope.ts';
import { servePlugins } from './serve-plugins.ts';
import type { Serve } from './services.ts';
import { PluginStorage, storageQuota } from './storage.ts';
import type { HostOptions, HostStats } from './types.ts';

const DEFAULT_TRACES = 1000;

export interface Placed {
  readonly hook: LoadedHook;
  readonly participant: Participant;
}

export interface CoreOptions
  extends Pick<HostOptions, 'services' | 'secrets' | 'onPermissionRequest' | 'inspectPlugin' | 'onTrace' | 'traceCapacity'> {
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly log: Logger;
  /** Writes what was granted for good into the lock file, or tells why it cannot. */
  readonly recordGrant?: (plugin: string, permissions: Permissions) => Promise<string | undefined>;
}

/** What all scopes of one host share: hook points, plugins, clocks, counters. */
export class Core {
  readonly registry: Registry;
  readonly timers: Timers = new Timers();
  readonly recent: RecentEvents;
  readonly emitContext: EmitContext;
  /** Keeps secrets that plugins were given out of logs and traces. */
  readonly guard: SecretGuard = new SecretGuard();
  readonly grants: LiveGrants;
  readonly supervised: Map<string, SupervisedPlugin> = new Map();
  /** Set once by the host: where events of plugins that no event caused are fired. */
  root: HostScope | undefined;
  readonly #placed: Map<string, Placed[]> = new Map();
  readonly #storages: Map<string, PluginStorage> = new Map();
  readonly #options: CoreOptions;
  readonly #names: ReadonlySet<string>;
  readonly #failOpens: Map<string, number> = new Map();
  readonly #counts: { events: number; blocked: number; replaced: number } = { events: 0, blocked: 0, replaced: 0 };
  #stopped = false;

  constructor(given: CoreOptions) {
    const options = { ...given, log: guardedLog(given.log, this.guard) };
    this.#options = options;
    this.registry = options.registry;
    this.#names = new Set([...options.registry.plugins.keys(), 'default']);
    this.recent = new RecentEvents(options.traceCapacity ?? DEFAULT_TRACES);
    this.emitContext = {
      timers: this.timers,
      isInspecting: options.inspectPlugin !== undefined,
      shown: (trace) => this.guard.data(trace),
      begin: (run) => this.recent.begin(run),
      record: (run) => this.#record(run),
      backgroundError: ({ subscription }, error) => {
        options.log.error('handler failed in the background', {
          handler: subscription.plugin,
          hook: subscription.hook,
          error: String(error),
        });
        this.#countFailOpen(`${subscription.plugin} ${subscription.hook} PLUGIN_ERROR`);
      },
    };
    this.grants = new LiveGrants({
      registered: (plugin) => this.registry.plugins.get(plugin)?.granted ?? {},
      starts: (plugin) => this.supervised.get(plugin)?.status().starts ?? 0,
    });
    const serve = servePlugins(this, options);
    for (const plugin of options.registry.plugins.values()) if (plugin.state === 'enabled') this.#place(plugin, serve);
  }

  readonly pluginNames = (): ReadonlySet<string> => this.#names;

  /** Throws HOOK_UNKNOWN. */
  loadedHook(name: string): LoadedHook {
    const hook = this.registry.hooks.get(name);
    if (hook !== undefined) return hook;
    const guess = didYouMean(name, this.registry.hooks.keys());
    throw new HostError('HOOK_UNKNOWN', `Cannot use hook point "${name}": no catalog declares it${guess}`);
  }

  /** The subscriptions of plugins that hear every event. */
  globalPlacements(): Placed[] {
    return [...this.#placed].flatMap(([plugin, placed]) => (this.#isSessionOnly(plugin) ? [] : placed));
  }

  /**
   * The subscriptions a scope adds by naming a plugin; none when the operator switched it off.
   * Throws PLUGIN_REQUIRED when it is broken, PLUGIN_REFUSED when it is not trusted.
   */
  sessionParticipants(plugin: string): readonly Placed[] {
    const registered = this.registered(plugin);
    if (registered.state === 'disabled' || registered.state === 'without') return [];
    if (registered.state !== 'enabled')
      throw new HostError(
        registered.state === 'untrusted' ? 'PLUGIN_REFUSED' : 'PLUGIN_REQUIRED',
        `Cannot use plugin "${plugin}" in a session: ${registered.reason ?? registered.state}`,
      );
    return this.#placed.get(plugin) ?? [];
  }

  /** Plugin names behind a name or a set, given as `@set`. */
  expand(name: string): string[] {
    if (!name.startsWith('@')) return [this.registered(name).name];
    const set = name.slice(1);
    if (!Object.hasOwn(this.registry.config.sets ?? {}, set))
      throw new HostError('PLUGIN_UNKNOWN', `Cannot use set "${name}": the configuration has no set "${set}"`);
    return [...this.registry.plugins.values()].filter(({ sets }) => sets.includes(set)).map((plugin) => plugin.name);
  }

  registered(plugin: string): RegisteredPlugin {
    const registered = this.registry.plugins.get(plugin);
    if (registered !== undefined) return registered;
    const guess = didYouMean(plugin, this.registry.plugins.keys());
    throw new HostError('PLUGIN_UNKNOWN', `Cannot use plugin "${plugin}": no plugin has this name${guess}`);
  }

  storage(plugin: string): PluginStorage {
    let storage = this.#storages.get(plugin);
    if (storage === undefined) {
      const wishMb = this.registry.plugins.get(plugin)?.manifest?.limits?.storageMb;
      const quotaBytes = storageQuota(wishMb, this.registry.config.sandbox?.limits?.storageMb);
      storage = new PluginStorage(join(this.#options.dataDir, 'storage', plugin), { plugin, quotaBytes });
      this.#storages.set(plugin, storage);
    }
    return storage;
  }

  stats(): HostStats {
    return { ...this.#counts, failOpens: Object.fromEntries(this.#failOpens) };
  }

  assertRunning(): void {
    if (this.#stopped) throw new HostError('HOST_STOPPED', 'Cannot use the host: it has been closed');
  }

  /** Starts the plugins that ask for it; how that goes is in their status. */
  startEager(): void {
    for (const plugin of this.supervised.values()) {
      if (this.registered(plugin.name).manifest?.activation === 'eager') void plugin.start();
    }
  }

  /** Stops every plugin and ends every event. Nothing is left running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.recent.cancelOpen({ code: 'HOST_STOPPED', message: 'Cannot finish the event: the host has been closed' });
    await Promise.all([...this.supervised.values()].map((plugin) => plugin.close()));
    this.timers.close();
  }

  #place(plugin: RegisteredPlugin, serve: Serve): void {
    const { registry, env, cacheDir, log, inspectPlugin } = this.#options;
    const subscriptions = [...registry.subscriptions.values()].flat().filter((one) => one.plugin === plugin.name);
    const hooks = subscriptions.map(({ hook }) => hook);
    const granted = () => this.grants.of(plugin.name);
    const spec = pluginSpec(plugin, { config: registry.config, env, cacheDir, inspect: inspectPlugin === plugin.name, hooks, granted });
    const supervised = new SupervisedPlugin(spec, { timers: this.timers, log, serve });
    this.supervised.set(plugin.name, supervised);
    const handle = mayHaveSecrets(plugin) ? guardedHandle(supervised, this.guard) : supervised;
    const placed = subscriptions.flatMap((subscription) => {
      const hook = registry.hooks.get(subscription.hook);
      return hook === undefined ? [] : [{ hook, participant: pluginParticipant(seeing(subscription, plugin, granted), handle) }];
    });
    this.#placed.set(plugin.name, placed);
  }

  #isSessionOnly(plugin: string): boolean {
    return this.registry.config.plugins?.[plugin]?.scope === 'session';
  }

  #record(run: EventRun): void {
    this.recent.end(run);
    this.#counts.events += 1;
    if (run.progress.status === 'blocked') this.#counts.blocked += 1;
    if (run.progress.status === 'replaced') this.#counts.replaced += 1;
    for (const answered of run.answers) {
      if (answered.judgement.status !== 'failed' || !isFailOpen(answered)) continue;
      const { plugin } = answered.participant.subscription;
      const { code, message } = answered.judgement.failure;
      const first = this.#countFailOpen(`${plugin} ${run.hook.name} ${code}`);
      if (first)
        this.#options.log.warn('event went on without a plugin', { plugin, hook: run.hook.name, event: run.event, code, reason: message });
    }
    try {
      this.#options.onTrace?.(() => this.guard.data(makeTrace(run)));
    } catch (error) {
      // The application's own mistake must not take the outcome with it.
      this.#options.log.error('onTrace failed', { event: run.event, error: String(error) });
    }
  }

  /** True the first time. */
  #countFailOpen(key: string): boolean {
    const count = this.#failOpens.get(key) ?? 0;
    this.#failOpens.set(key, count + 1);
    return count === 0;
  }
}

/** What a plugin sees follows what it is granted, for one that may ask for more while the host runs. */
function seeing(subscription: Subscription, { manifest }: RegisteredPlugin, granted: () => Permissions): Subscription {
  if (manifest?.optionalPermissions?.sensitive === undefined) return subscription;
  return {
    ...subscription,
    get sees() {
      return granted().sensitive ?? [];
    },
  };
}

/** Its words are looked through; nobody else's cost anything. */
function mayHaveSecrets({ manifest }: RegisteredPlugin): boolean {
  return [manifest?.permissions, manifest?.optionalPermissions].some((asked) => asked?.secrets !== undefined);
}
