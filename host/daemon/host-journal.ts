import type { Participant, Plan } from '../dispatcher/plan.ts';
import type { Outcome } from '../dispatcher/types.ts';
import { Deliverer } from '../journal/deliverer.ts';
import { Journal, type JournalNumbers } from '../journal/journal.ts';
import { Spool, type SpoolStats } from '../journal/spool.ts';
import type { JournalRecord, SpoolItem } from '../journal/types.ts';
import { within } from '../process/terminate.ts';
import type { Timers } from '../process/timers.ts';
import { type ErrorCode, HostError } from '../protocol/errors.ts';
import type { Failure, Logger } from '../protocol/types.ts';
import { keptAs, originOf } from '../registry/data-folder.ts';
import { isKept } from '../registry/subscriptions.ts';
import type { Registry, Subscription } from '../registry/types.ts';
import type { PluginHandle, PluginStatus } from '../supervisor/types.ts';
import type { EventWatcher } from './metrics/finished-event.ts';
import type { SecretGuard } from './redact-secrets.ts';

export interface HostJournalOptions {
  readonly registry: Registry;
  readonly dataDir: string;
  readonly log: Logger;
  readonly timers: Timers;
  readonly guard: SecretGuard;
  /** Counts an event that went on without a plugin; true the first time. */
  readonly countFailOpen: (key: string) => boolean;
}

export interface JournalStats extends JournalNumbers {
  /** Events for `delivery: at-least-once`; undefined when nobody asked for it. */
  readonly spool: SpoolStats | undefined;
  /** Events that did not wait for the disk any longer: they were kept later. */
  readonly late: number;
  /** What waits for each plugin that asked for it, by name. */
  readonly spools: Readonly<Record<string, ReturnType<Spool['of']>>>;
}

/** One event that a plugin is to get at least once. */
interface Kept {
  readonly shared: string;
  readonly key: string;
}

/** How long an emit waits for the disk, in milliseconds; then it goes on, and the event is kept when the disk lets it. */
const KEEP_MS = 2000;

/** What a host keeps on disk of its events, and how events that were kept reach their plugins. */
export class HostJournal {
  readonly #options: HostJournalOptions;
  readonly #journal: Journal;
  readonly #deliverers: Map<string, Deliverer> = new Map();
  /** Under what the events of plugins that are in use are kept, by plugin name. */
  #keys: ReadonlyMap<string, string> = new Map();
  /** Keys of plugins that are told of: they have events and are not in use. */
  #unheard: ReadonlySet<string> = new Set();
  /** By event: what emit() waits for. */
  readonly #keeping: Map<string, Promise<unknown>> = new Map();
  #spool: Spool | undefined;
  #isClosed = false;
  #late = 0;

  constructor(options: HostJournalOptions) {
    this.#options = options;
    const { dataDir, registry } = options;
    this.#journal = new Journal({ dataDir, settings: registry.config.journal, onProblem: this.#warn });
    this.#journal.record({ kind: 'host', message: 'opened', data: { pid: process.pid, config: registry.configFiles[0] } });
  }

  readonly watch: EventWatcher = ({ event, hook, time, calls, read, text }) => {
    this.#journal.keep({ event, hook, time, body: text() });
    if (calls.every(({ code }) => code === undefined)) return;
    for (const { plugin, failOpen, code, message } of read().answers)
      if (failOpen) this.#journal.record({ kind: 'fail-open', plugin, hook, event, message: message ?? '', data: { code } });
  };

  readonly onStatus = (status: PluginStatus): void => {
    this.#journal.status(this.#options.guard.data(status));
    if (status.state === 'ready') this.#deliverers.get(this.#keys.get(status.name) ?? '')?.nudge();
  };

  record(facts: Omit<JournalRecord, 'time'>): void {
    this.#journal.record(this.#options.guard.data(facts));
  }

  stats(): JournalStats {
    const numbers = { ...this.#journal.stats(), late: this.#late };
    const spool = this.#spool;
    if (spool === undefined) return { ...numbers, spool: undefined, spools: {} };
    const problems = [numbers.lastProblem, spool.lastProblem].filter((problem) => problem !== undefined);
    return {
      ...numbers,
      bytes: numbers.bytes + spool.fileBytes,
      lastProblem: problems.sort((a, b) => a.time.localeCompare(b.time)).at(-1),
      spool: spool.stats(),
      spools: Object.fromEntries([...this.#keys].map(([plugin, key]) => [plugin, spool.of(key)])),
    };
  }

  /** The handle for a subscription: one that keeps what it is told, when the subscription asks for it. */
  keeping(subscription: Subscription, plugin: PluginHandle): PluginHandle {
    if (!isKept(subscription)) return plugin;
    const { hook, timeoutMs } = subscription;
    const key = this.#keyOf(plugin.name);
    this.#delivererOf(key, plugin.name).serve(hook, plugin, timeoutMs);
    return {
      name: plugin.name,
      invoke: (call) => plugin.invoke(call),
      notify: (shared) => this.#keep(hook, plugin, { shared, key }),
    };
  }

  /** Forgets who is not in use: what waits for them stays where it is, until they are again or it is too old. */
  release(inUse: Iterable<string>): void {
    const keys = [...inUse].map((plugin) => [plugin, this.#keyOf(plugin)] as const);
    this.#keys = new Map(keys.filter(([, key]) => this.#deliverers.has(key)));
    const kept = new Set(this.#keys.values());
    for (const [key, deliverer] of this.#deliverers) {
      if (kept.has(key)) continue;
      deliverer.close();
      this.#deliverers.delete(key);
    }
  }

  /** Delivers what was kept earlier, by another host or for plugins that were not in use. */
  async start(): Promise<void> {
    const spool = this.#spool;
    if (spool === undefined || this.#isClosed) return;
    // When it cannot be read the spool says so itself, and deliverers try again.
    const waiting = await spool.load().catch(() => ({}));
    const unheard = Object.entries(waiting).flatMap(([key, { events }]) => (events === 0 || this.#deliverers.has(key) ? [] : [key]));
    const news = unheard.filter((key) => !this.#unheard.has(key));
    this.#unheard = new Set(unheard);
    if (news.length > 0) this.#options.log.warn('kept events wait for plugins that do not hear them', { plugins: news });
    for (const deliverer of this.#deliverers.values()) deliverer.wake();
  }

  /** Throws PLUGIN_OVERLOADED when the configuration wants events refused rather than older ones dropped, and there is no room. */
  assertRoom({ background, hook }: Plan, payload: Readonly<Record<string, unknown>>): void {
    const full = this.#spool && background.find((one) => this.#isFullFor(one, payload));
    if (full === undefined) return;
    const { plugin } = full.subscription;
    const cause = `the journal holds as many events for plugin "${plugin}" as "journal.spool" allows; see why it does not take them`;
    throw new HostError('PLUGIN_OVERLOADED', `Cannot emit "${hook.name}": ${cause}`);
  }

  /** The outcome, once what is to be kept of the event is. */
  async kept(outcome: Promise<Outcome>): Promise<Outcome> {
    const done = await outcome;
    const keeping = this.#keeping.get(done.event);
    const isLate = keeping !== undefined && !(await within(keeping, KEEP_MS));
    // Told once: a disk that stalls would make one line for each event.
    if (isLate && this.#late++ === 0) this.#options.log.warn('event went on before it was kept', { event: done.event, waitedMs: KEEP_MS });
    return done;
  }

  /** Nothing more is delivered. */
  stopDelivering(): void {
    this.#isClosed = true;
    for (const deliverer of this.#deliverers.values()) deliverer.close();
  }

  async close(): Promise<void> {
    this.#journal.record({ kind: 'host', message: 'closed', data: { pid: process.pid } });
    await Promise.all([this.#journal.close(), this.#spool?.close()]);
  }

  #keep(hook: string, plugin: PluginHandle, { shared, key }: Kept): Failure | undefined {
    const spool = this.#spool;
    if (spool === undefined || this.#isClosed) return plugin.notify(shared);
    const event = eventOf(shared);
    const appended = spool.append(key, { hook, event, body: shared }).then(
      (dropped) => {
        if (dropped > 0) this.#failed({ plugin: plugin.name, hook, event }, droppedFailure(plugin.name), dropped);
        // Not one of its own: the plugin may have left and come back meanwhile.
        this.#deliverers.get(key)?.wake();
      },
      (error: Error) => {
        const failure: Failure = { code: 'STORAGE_FAILED', message: `Cannot keep the event, it is told once: ${error.message}` };
        this.#failed({ plugin: plugin.name, hook, event }, plugin.notify(shared) ?? failure, 1);
      },
    );
    const all = Promise.all([this.#keeping.get(event), appended]);
    this.#keeping.set(event, all);
    void all.then(() => this.#keeping.get(event) === all && this.#keeping.delete(event));
    return undefined;
  }

  /** What could not be delivered as promised is counted as a fail-open, logged the first time and recorded. */
  #failed(at: { plugin: string; hook: string; event: string }, { code, message }: Failure, events: number): void {
    const { countFailOpen, guard, log } = this.#options;
    const isFirst = Array.from({ length: events }, () => countFailOpen(`${at.plugin} ${at.hook} ${code}`))[0];
    if (isFirst) log.warn('event was not delivered as promised', { ...at, code, reason: message });
    this.#journal.record({ kind: 'delivery', ...at, message: guard.text(message), data: { code, events } });
  }

  #keyOf(plugin: string): string {
    return keptAs(plugin, this.#options.registry.plugins.get(plugin)?.directory ?? '');
  }

  #delivererOf(key: string, plugin: string): Deliverer {
    const { registry, dataDir, timers } = this.#options;
    this.#spool ??= new Spool({ dataDir, owner: ownerOf(registry), settings: registry.config.journal, onProblem: this.#warn });
    const known = this.#deliverers.get(key);
    if (known !== undefined) return known;
    const onSetAside = ({ hook, event }: SpoolItem, failure: Failure): void => this.#failed({ plugin, hook, event }, failure, 1);
    const deliverer = new Deliverer({ key, spool: this.#spool, timers, onSetAside });
    this.#deliverers.set(key, deliverer);
    return deliverer;
  }

  #isFullFor({ subscription, matches }: Participant, payload: Readonly<Record<string, unknown>>): boolean {
    const key = isKept(subscription) ? this.#keys.get(subscription.plugin) : undefined;
    return key !== undefined && this.#spool?.isFull(key) === true && (matches?.(payload) ?? true);
  }

  readonly #warn = (message: string): void => this.#options.log.warn(message);
}

/** A spool belongs to a configuration. */
function ownerOf({ configFiles, places }: Registry): string {
  return originOf(configFiles[0] ?? places.workspace);
}

function droppedFailure(plugin: string): { code: ErrorCode; message: string } {
  return { code: 'PLUGIN_OVERLOADED', message: `Cannot keep every event for plugin "${plugin}": too many wait, the oldest was dropped` };
}

/** What every message begins with: see `EventRun`. */
function eventOf(shared: string): string {
  const begin = '"event":"'.length;
  return shared.slice(begin, shared.indexOf('"', begin));
}
