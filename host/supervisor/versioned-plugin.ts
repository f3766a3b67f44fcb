import type { Failure } from '../protocol/types.ts';
import { stoppedFailure } from './refusal.ts';
import { SupervisedPlugin, type SupervisorDeps } from './supervised-plugin.ts';
import { tryCall } from './try-call.ts';
import type { HookCall, PluginHandle, PluginSpec, PluginState, PluginStatus } from './types.ts';
import { sumStatus } from './version-totals.ts';

/** So many calls a new version must answer well before the one before it goes. */
export const TRIAL_CALLS = 3;
/** How long the version before waits for that, in milliseconds. */
export const TRIAL_MS = 10_000;

export interface VersionedDeps extends Omit<SupervisorDeps, 'beside'> {
  /** Default `TRIAL_MS`. */
  readonly trialMs?: number;
}

/** A new version, started and not in use. */
export interface Prepared {
  /** Why it cannot be used. */
  readonly failure: Failure | undefined;
  readonly commit: () => void;
  readonly abandon: () => void;
}

interface Trial {
  readonly next: SupervisedPlugin;
  readonly timer: NodeJS.Timeout;
  good: number;
  /** One call at a time tells whether the new version works. */
  isBusy: boolean;
  isPassed: boolean;
}

/**
 * One plugin through all its versions: a new one takes over while the one before it finishes what it has. Each call goes to one of
 * them. A new version that fails its handshake or its first calls goes, and the one before it stays.
 */
export class VersionedPlugin implements PluginHandle {
  readonly name: string;
  readonly #deps: VersionedDeps;
  #current: SupervisedPlugin;
  #trial: Trial | undefined;
  /** Started, and not in use yet. */
  #coming: SupervisedPlugin | undefined;
  /** Versions that finish what they have, until they are gone. */
  readonly #leaving: Map<SupervisedPlugin, Promise<void>> = new Map();
  #ended: PluginStatus[] = [];
  #rollback: Failure | undefined;
  #isClosed = false;

  constructor(spec: PluginSpec, deps: VersionedDeps) {
    this.name = spec.name;
    this.#deps = deps;
    this.#current = this.#make(spec);
  }

  /** Why the latest new version is not the one in use; undefined when it is. */
  get rollback(): Failure | undefined {
    return this.#rollback;
  }

  invoke(call: HookCall): (reason: Failure) => void {
    const trial = this.#trial;
    if (trial === undefined || trial.isBusy) return this.#current.invoke(call);
    trial.isBusy = true;
    const before = (): SupervisedPlugin | undefined => (trial.isPassed ? undefined : this.#current);
    return tryCall(call, { next: trial.next, before, onEnd: (end) => this.#onTried(trial, end) });
  }

  notify(shared: string): Failure | undefined {
    return (this.#trial?.next ?? this.#current).notify(shared);
  }

  /** Settles when the plugin is ready, or with the reason why it is not. */
  start(): Promise<Failure | undefined> {
    return this.#current.start();
  }

  /** Puts a fresh process in the place of the old one; calls in flight fail. See `prepare()` for a change that loses none. */
  restart(): Promise<Failure | undefined> {
    this.#promote();
    return this.#current.restart();
  }

  /** The next process gets it in the handshake, the running one as `config/changed`. */
  updateConfig(config: PluginSpec['config']): void {
    for (const version of this.#versions()) version.updateConfig(config);
  }

  /**
   * Starts a new version beside the one in use; one at a time. With a failure nothing has changed. Else `commit()` lets it take over
   * without losing or doubling a call, `abandon()` ends it. What happens on trial is in `rollback`. A plugin that does not run is not
   * started either, unless `mustStart`.
   */
  async prepare(spec: PluginSpec, { mustStart }: { readonly mustStart: boolean }): Promise<Prepared> {
    if (this.#isClosed) return { failure: stoppedFailure(this.name), abandon: () => {}, commit: () => {} };
    this.#promote();
    const next = this.#make(spec);
    const isStarted = mustStart || spec.activation === 'eager' || this.#current.state !== 'stopped';
    this.#coming = next;
    const failure = isStarted ? await this.#startNext(next) : undefined;
    const abandon = (): void => this.#abandon(next);
    if (failure !== undefined) abandon();
    return { failure, abandon, commit: () => this.#commit(next) };
  }

  /** What it has is finished first, then the plugin goes for good. */
  async retire(): Promise<void> {
    await Promise.all(this.#versions().map((version) => version.drained()));
    await this.close();
  }

  /** Ends every process; afterwards nothing of this plugin runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#trial?.timer);
    await Promise.all([...this.#versions().map((version) => version.close()), ...this.#leaving.values()]);
  }

  status(): PluginStatus {
    const [current, ...others] = [this.#current, ...this.#versions().filter((version) => version !== this.#current)];
    return sumStatus((current as SupervisedPlugin).status(), [...others.map((version) => version.status()), ...this.#ended]);
  }

  async #startNext(next: SupervisedPlugin): Promise<Failure | undefined> {
    const failure = await next.start();
    if (this.#isClosed) return stoppedFailure(this.name);
    return failure ?? (next.state === 'ready' ? undefined : deathOf(next.status()));
  }

  #commit(next: SupervisedPlugin): void {
    this.#coming = undefined;
    // It may have died while others were waited for.
    const isDead = FAILED.has(next.state);
    this.#rollback = isDead ? deathOf(next.status()) : undefined;
    if (isDead || this.#isClosed) this.#letGo(next, nothing);
    else if (this.#current.state === 'ready' && next.state === 'ready') this.#try(next);
    else this.#swap(next);
  }

  #abandon(next: SupervisedPlugin): void {
    this.#coming = undefined;
    this.#letGo(next, nothing);
  }

  #try(next: SupervisedPlugin): void {
    const timer = setTimeout(() => this.#promote(), this.#deps.trialMs ?? TRIAL_MS);
    timer.unref();
    this.#trial = { next, timer, good: 0, isBusy: false, isPassed: false };
  }

  #onTried(trial: Trial, end: 'good' | 'nothing' | Failure): void {
    trial.isBusy = false;
    if (this.#trial !== trial || end === 'nothing') return;
    if (end === 'good') trial.good += 1;
    else this.#rollBack(end);
    if (trial.good === TRIAL_CALLS) this.#promote();
  }

  #promote(): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    this.#endTrial();
    trial.isPassed = true;
    this.#deps.log.info('plugin reloaded', { plugin: this.name, pid: trial.next.status().pid });
    this.#swap(trial.next);
  }

  #rollBack(failure: Failure): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    this.#endTrial();
    this.#rollback = failure;
    this.#deps.log.warn('plugin rolled back to the version before', { plugin: this.name, code: failure.code, reason: failure.message });
    this.#letGo(trial.next, nothing);
  }

  #endTrial(): void {
    clearTimeout(this.#trial?.timer);
    this.#trial = undefined;
  }

  #swap(next: SupervisedPlugin): void {
    const before = this.#current;
    this.#current = next;
    this.#letGo(before, before.drained());
  }

  /** Closes it when `ready`; until then it finishes what it has. */
  #letGo(version: SupervisedPlugin, ready: Promise<void>): void {
    const gone = ready
      .then(() => version.close())
      .then(() => {
        this.#leaving.delete(version);
        this.#ended = [sumStatus(version.status(), this.#ended)];
      });
    this.#leaving.set(version, gone);
  }

  #versions(): SupervisedPlugin[] {
    return [this.#current, this.#trial?.next, this.#coming, ...this.#leaving.keys()].filter((version) => version !== undefined);
  }

  #make(spec: PluginSpec): SupervisedPlugin {
    const version: SupervisedPlugin = new SupervisedPlugin(spec, {
      ...this.#deps,
      beside: {
        inFlight: () => (this.#isAlone ? 0 : this.#others(version).reduce((sum, { inFlight }) => sum + inFlight, 0)),
        onRoom: () => this.#pump(version),
      },
      onStatus: (status) => {
        this.#deps.onStatus?.(status);
        this.#pump(version);
        if (this.#trial?.next === version && FAILED.has(status.state)) this.#rollBack(deathOf(status));
      },
    });
    return version;
  }

  /** Nearly always; asked for every call. */
  get #isAlone(): boolean {
    return this.#trial === undefined && this.#coming === undefined && this.#leaving.size === 0;
  }

  #others(version: SupervisedPlugin): SupervisedPlugin[] {
    return this.#versions().filter((other) => other !== version);
  }

  #pump(version: SupervisedPlugin): void {
    if (!this.#isAlone) for (const other of this.#others(version)) other.pump();
  }
}

const nothing = Promise.resolve();
const FAILED: ReadonlySet<PluginState> = new Set(['backoff', 'quarantined', 'refused']);

function deathOf({ name, lastExit }: PluginStatus): Failure {
  return {
    code: 'PLUGIN_EXITED',
    message: lastExit?.message ?? `Cannot go on with the new version of plugin "${name}": its process ended`,
  };
}
