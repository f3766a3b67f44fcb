import type { Permissions } from '@outrigger/schemas';
import { ANSWER_BYTES, AnswerRoom } from '../dispatcher/answer-room.ts';
import type { EmitContext } from '../dispatcher/emit.ts';
import type { EventRun } from '../dispatcher/event-run.ts';
import { isFailOpen } from '../dispatcher/trace.ts';
import { Timers } from '../process/timers.ts';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { errorText, HostError } from '../protocol/errors.ts';
import { leveledLog } from '../protocol/log-levels.ts';
import type { Logger } from '../protocol/types.ts';
import type { LoadedHook, RegisteredPlugin, Registry } from '../registry/types.ts';
import type { VersionedPlugin } from '../supervisor/versioned-plugin.ts';
import { type Auditor, auditor } from './audit.ts';
import { KeptData } from './kept-data.ts';
import { Roster } from './live/roster.ts';
import type { Placed } from './live/types.ts';
import { LiveGrants } from './live-grants.ts';
import { type HostJournal, type JournalClass, openJournal } from './open-journal.ts';
import { RecentEvents } from './recent-events.ts';
import { guardedLog, SecretGuard } from './redact-secrets.ts';
import type { HostScope } from './scope.ts';
import { serveLater } from './serve-later.ts';
import type { PluginStorage } from './storage.ts';
import type { BreakerInfo, HostOptions, HostStats } from './types.ts';
import { Watchers } from './watchers.ts';

const DEFAULT_TRACES = 1000;

export interface CoreOptions
  extends Pick<HostOptions, 'services' | 'secrets' | 'onPermissionRequest' | 'inspectPlugin' | 'onTrace' | 'traceCapacity'> {
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly log: Logger;
  /** What keeps a journal; undefined: none is kept. */
  readonly Journal?: JournalClass | undefined;
  /** Writes what was granted for good into the lock file, or tells why it cannot. */
  readonly recordGrant?: (plugin: string, permissions: Permissions) => Promise<string | undefined>;
}

/** What all scopes of one host share: hook points, plugins, clocks, counters. */
export class Core {
  readonly timers: Timers = new Timers();
  readonly recent: RecentEvents;
  readonly emitContext: EmitContext;
  /** Keeps secrets that plugins were given out of logs and traces. */
  readonly guard: SecretGuard = new SecretGuard();
  readonly grants: LiveGrants;
  /** The plugins as they are right now. */
  readonly roster: Roster;
  readonly watchers: Watchers;
  readonly audit: Auditor;
  /** What is kept on disk; undefined: nothing. */
  readonly journal: HostJournal | undefined;
  /** Set once by the host: where events of plugins that no event caused are fired. */
  root: HostScope | undefined;
  /** Plugins that finish what they have and then go. */
  readonly #leaving: Set<VersionedPlugin> = new Set();
  readonly #kept: KeptData;
  readonly #options: CoreOptions;
  readonly #room: AnswerRoom = new AnswerRoom(() => this.registry.config.limits?.answerBytes ?? ANSWER_BYTES);
  readonly #failOpens: Map<string, number> = new Map();
  readonly #counts: { events: number; blocked: number; replaced: number } = { events: 0, blocked: 0, replaced: 0 };
  #stopped = false;

  constructor(given: CoreOptions) {
    const log = leveledLog(guardedLog(given.log, this.guard), (plugin) => this.registry.plugins.get(plugin)?.logLevel);
    const options = { ...given, log };
    this.#options = options;
    // Those who keep it see what a reload makes of it.
    const inForce = { registry: options.registry };
    const live = {
      ...options,
      get registry() {
        return inForce.registry;
      },
    };
    this.#kept = new KeptData(live);
    this.recent = new RecentEvents(options.traceCapacity ?? DEFAULT_TRACES);
    this.emitContext = {
      timers: this.timers,
      room: this.#room,
      isInspecting: options.inspectPlugin !== undefined,
      shown: (trace) => this.guard.data(trace),
      begin: (run) => this.recent.begin(run),
      record: (run) => this.#record(run),
      backgroundError: ({ subscription }, error) => {
        options.log.error('handler failed in the background', {
          handler: subscription.plugin,
          hook: subscription.hook,
          error: errorText(error),
          ...stackOf(error),
        });
        this.#countFailOpen(`${subscription.plugin} ${subscription.hook} PLUGIN_ERROR`);
      },
    };
    this.grants = new LiveGrants({
      registered: (plugin) => this.registry.plugins.get(plugin)?.granted ?? {},
      starts: (plugin) => this.roster.plugin(plugin)?.status().starts ?? 0,
    });
    const countFailOpen = (key: string): boolean => this.#countFailOpen(key);
    this.journal = openJournal(options.Journal, Object.assign(live, { timers: this.timers, guard: this.guard, countFailOpen }));
    this.audit = auditor(options.log, this.journal);
    this.watchers = new Watchers({ guard: this.guard, onTrace: options.onTrace, log });
    if (this.journal !== undefined) this.watchers.add(this.journal.watch);
    const { env, cacheDir, inspectPlugin } = options;
    const { timers, guard, grants, journal } = this;
    this.roster = new Roster(inForce, {
      ...{ env, cacheDir, inspectPlugin, log, timers, guard, grants, journal },
      kept: this.#kept,
      serve: serveLater(async () => (await import('./serve-plugins.ts')).servePlugins(this, options)),
    });
    this.roster.open();
  }

  get registry(): Registry {
    return this.roster.registry;
  }

  /** Throws HOOK_UNKNOWN. */
  loadedHook(name: string): LoadedHook {
    const hook = this.registry.hooks.get(name);
    if (hook !== undefined) return hook;
    const guess = didYouMean(name, this.registry.hooks.keys());
    throw new HostError('HOOK_UNKNOWN', `Cannot use hook point "${name}": no catalog declares it${guess}`);
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
    return this.roster.placedOf(plugin);
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
    return this.#kept.storage(plugin);
  }

  stats(): HostStats {
    this.watchers.catchUp();
    const journal = this.journal?.stats();
    const { bytes, refused } = this.#room;
    return { ...this.#counts, failOpens: Object.fromEntries(this.#failOpens), answers: { bytes, refused }, ...(journal && { journal }) };
  }

  /** Circuit breakers that are not closed. */
  breakers(): BreakerInfo[] {
    const now = this.timers.now();
    return this.roster.placed().flatMap(({ hook, participant: { breaker, subscription } }) => {
      const state = breaker.state(now);
      return state === 'closed' ? [] : [{ plugin: subscription.plugin, hook: hook.name, state }];
    });
  }

  assertRunning(): void {
    if (this.#stopped) throw new HostError('HOST_STOPPED', 'Cannot use the host: it has been closed');
  }

  /** Starts the plugins that ask for it; how that goes is in their status. */
  startEager(): void {
    for (const plugin of this.roster.plugins()) {
      if (this.registered(plugin.name).manifest?.activation === 'eager') void plugin.start();
    }
  }

  warn(message: string): void {
    this.#options.log.warn(message);
  }

  /** Throws ORDER_CYCLE when a plugin and a handler of the application wait for each other. */
  checkPlans(): void {
    for (const hook of this.registry.hooks.values()) this.root?.audience.plan(hook);
  }

  /** Ends plugins that are not in the roster any more, when the events that began with them are over. */
  letGo(gone: readonly VersionedPlugin[]): void {
    for (const plugin of gone) {
      this.#leaving.add(plugin);
      void this.recent
        .openOver()
        .then(() => plugin.retire())
        .then(() => this.#leaving.delete(plugin));
    }
  }

  /** Stops every plugin and ends every event. Nothing is left running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.recent.cancelOpen({ code: 'HOST_STOPPED', message: 'Cannot finish the event: the host has been closed' });
    this.journal?.stopDelivering();
    await Promise.all([...this.roster.plugins(), ...this.#leaving].map((plugin) => plugin.close()));
    this.watchers.close();
    await this.journal?.close();
    this.timers.close();
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
      if (!this.#countFailOpen(`${plugin} ${run.hook.name} ${code}`)) continue;
      const thrown = run.thrown?.find(({ handler }) => handler === plugin);
      const at = { plugin, hook: run.hook.name, event: run.event, code, reason: message };
      this.#options.log.warn('event went on without a plugin', { ...at, ...stackOf(thrown?.error) });
    }
    this.watchers.end(run);
  }

  /** True the first time. */
  #countFailOpen(key: string): boolean {
    const count = this.#failOpens.get(key) ?? 0;
    this.#failOpens.set(key, count + 1);
    return count === 0;
  }
}

/** For the log, as a text: secrets are looked for in texts. */
function stackOf(error: unknown): { readonly stack?: string } {
  return error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
}
