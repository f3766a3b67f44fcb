import { within } from '../process/terminate.ts';
import type { Timers } from '../process/timers.ts';
import type { Failure, Logger } from '../protocol/types.ts';
import type { Beside } from './beside.ts';
import { CallLane } from './call-lane.ts';
import { ConnectionTotals } from './connection-totals.ts';
import type { Ending } from './death.ts';
import { Life } from './life.ts';
import { settleLost } from './lost-calls.ts';
import type { PluginProcess } from './plugin-process.ts';
import { poisonFailure, refusalOf, stoppedFailure } from './refusal.ts';
import { TIMES, type Times } from './restart-policy.ts';
import type { HookCall, PluginHandle, PluginSpec, PluginState, PluginStatus } from './types.ts';

export interface SupervisorDeps {
  readonly timers: Timers;
  readonly log: Logger;
  readonly serve: (plugin: string, method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1; varies the back-off. Default Math.random. */
  readonly random?: () => number;
  /** Called after each change of state. */
  readonly onStatus?: (status: PluginStatus) => void;
  readonly times?: Partial<Times>;
  /** Other versions of the same plugin that run; left out: there is none. */
  readonly beside?: Beside;
}

/** How long a notification may wait for the next start. */
const NOTIFICATION_WAIT_MS = 60_000;

/** One plugin over time: started when needed, restarted when it dies, stopped when asked. Every call settles exactly once. */
export class SupervisedPlugin implements PluginHandle {
  readonly name: string;
  readonly #spec: PluginSpec;
  readonly #deps: SupervisorDeps;
  readonly #lane: CallLane;
  readonly #life: Life;
  readonly #stopStepMs: number;
  readonly #totals = new ConnectionTotals();
  #config: PluginSpec['config'];
  /** The running process has an older configuration. */
  #configDue = false;
  #isClosed = false;

  constructor(spec: PluginSpec, deps: SupervisorDeps) {
    const { timers, log, serve, random = Math.random } = deps;
    this.name = spec.name;
    this.#spec = spec;
    this.#deps = deps;
    this.#config = spec.config;
    this.#lane = new CallLane(spec, timers, deps.beside);
    const times = { ...TIMES, ...deps.times };
    this.#stopStepMs = times.stopStepMs;
    const lifeDeps = { timers, log, serve, random, times };
    this.#life = new Life(spec, lifeDeps, {
      config: () => {
        this.#configDue = false;
        return this.#config;
      },
      isNeeded: () => this.#lane.waiting > 0,
      quietMs: () => this.#quietMs(),
      onStep: () => deps.onStatus?.(this.status()),
      onReady: (process) => {
        this.#tellConfig();
        this.#lane.open(process);
      },
      onDrain: () => {
        this.#tellConfig();
        this.#lane.pump();
      },
      onStopping: () => this.#lane.pause(),
      onHung: (event) => this.#lane.suspects.blame(event),
      onDeath: (process, ending) => this.#onDeath(process, ending),
    });
  }

  invoke(call: HookCall): (reason: Failure) => void {
    const refusal = this.#refusalOf(call);
    if (refusal !== undefined) {
      this.#lane.refuse(call, refusal);
      return () => {};
    }
    const cancel = this.#lane.invoke(call);
    this.#life.wake();
    return cancel;
  }

  notify(shared: string): Failure | undefined {
    const refusal = this.#refusalOf(undefined);
    if (refusal !== undefined) return this.#lane.drop(refusal);
    const failure = this.#lane.notify(shared);
    this.#life.wake();
    return failure;
  }

  /** Settles when the plugin is ready, or with the reason why it is not. */
  start(): Promise<Failure | undefined> {
    return this.#life.start(this.#isClosed);
  }

  /** Ends the process by the ladder. Calls get PLUGIN_STOPPED; the next one starts it again. */
  async stop(): Promise<void> {
    const failure = stoppedFailure(this.name);
    this.#lane.failWaiting(() => failure);
    await this.#life.end('requested');
  }

  /** Wipes back-off, quarantine and refusal, and puts a fresh process in the place of the old one. */
  async restart(): Promise<Failure | undefined> {
    await this.#life.end('requested');
    if (!this.#isClosed) this.#life.renew();
    return this.start();
  }

  /** stop() for good; afterwards nothing of this plugin runs. Notifications that wait are handed over first, if it reads. */
  async close(): Promise<void> {
    await within(this.#lane.told(), this.#life.state === 'ready' ? this.#stopStepMs : this.#spec.startDeadlineMs);
    this.#isClosed = true;
    await this.stop();
    await this.#life.gone();
  }

  /** Settles when every call and notification it was given has gone its way. */
  async drained(): Promise<void> {
    await Promise.all([this.#lane.settled(), this.#lane.told()]);
  }

  get state(): PluginState {
    return this.#life.state;
  }

  get inFlight(): number {
    return this.#life.process?.connection.inFlight ?? 0;
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    this.#lane.pump();
  }

  /** The next process gets it in the handshake, the running one as `config/changed`. */
  updateConfig(config: PluginSpec['config']): void {
    this.#config = config;
    this.#configDue = true;
    this.#tellConfig();
  }

  status(): PluginStatus {
    const { state, process, starts, restarts, lastExit, schedule } = this.#life;
    const { nextStartMs } = schedule;
    return {
      name: this.name,
      state,
      pid: process?.pid,
      starts,
      restarts,
      hold: process?.hold,
      inFlight: this.inFlight,
      queued: this.#lane.waiting,
      lastExit,
      nextStartMs: nextStartMs === undefined ? undefined : Math.ceil(nextStartMs),
      answered: this.#lane.answered,
      failed: { ...this.#lane.failed },
      notificationsDropped: this.#lane.notificationsDropped,
      poisonedEvents: this.#lane.suspects.poisoned(),
      connection: this.#totals.with(process?.connection.stats),
    };
  }

  #onDeath(process: PluginProcess, { death, failure }: Ending): { wasIdle: boolean; settle: () => void } {
    const { plugin, lane } = { plugin: this.name, lane: this.#lane };
    const lost = lane.lose(process.connection, failure);
    this.#totals.add(process.connection.stats);
    const wasAsked = death === 'idle' || death === 'requested';
    const isFailedStart = process.readyAt === undefined && !wasAsked;
    const settle = (): void => {
      if (isFailedStart) lane.failWaiting(() => failure);
      settleLost(lane, lost, { plugin, death, failure, mayWait: (call) => this.#refusalOf(call) === undefined });
      lane.failWaiting((call) => this.#refusalOf(call));
    };
    return { wasIdle: this.#spec.activation === 'lazy' && lost.length === 0 && lane.waiting === 0, settle };
  }

  #refusalOf(call: HookCall | undefined): Failure | undefined {
    if (call !== undefined && this.#lane.suspects.isPoisoned(call.event)) return poisonFailure(this.name, call.event);
    if (this.#life.state === 'ready') return undefined;
    const waitMs = call === undefined ? NOTIFICATION_WAIT_MS : Math.min(call.timeoutMs, call.deadline - this.#deps.timers.now());
    return refusalOf({ ...this.#life.situation(), isClosed: this.#isClosed }, waitMs);
  }

  #quietMs(): number {
    return this.#lane.waiting > 0 || this.inFlight > 0 ? 0 : this.#deps.timers.now() - this.#lane.lastActive;
  }

  #tellConfig(): void {
    const { state, process } = this.#life;
    if (!this.#configDue || state !== 'ready') return;
    this.#configDue = process?.connection.notify('config/changed', JSON.stringify({ config: this.#config })) === false;
  }
}
