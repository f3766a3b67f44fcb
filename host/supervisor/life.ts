import { quoteStderr } from '../process/diagnose.ts';
import { within } from '../process/terminate.ts';
import type { Timers } from '../process/timers.ts';
import type { Exit } from '../process/types.ts';
import { HostError } from '../protocol/errors.ts';
import type { Failure, Logger } from '../protocol/types.ts';
import { configFailure, type Ending, lastExit, unaskedEnding } from './death.ts';
import { IdleWatch } from './idle-watch.ts';
import { type LifecycleEvent, nextState } from './lifecycle.ts';
import { PluginProcess, type ProcessEvents } from './plugin-process.ts';
import { hungFailure, refusalOf, stoppedFailure } from './refusal.ts';
import type { Times } from './restart-policy.ts';
import { RestartSchedule } from './restart-schedule.ts';
import type { DeathClass, LastExit, PluginSpec, PluginState } from './types.ts';

export interface LifeDeps {
  readonly timers: Timers;
  readonly log: Logger;
  readonly times: Times;
  readonly random: () => number;
  readonly serve: (plugin: string, method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
}

/** What a life asks and tells the owner of the calls. */
export interface LifeOwner {
  /** The configuration of the next process. */
  config(): PluginSpec['config'];
  /** Whether anything waits for a process. */
  isNeeded(): boolean;
  /** Milliseconds since the last activity; 0 while there is some. */
  quietMs(): number;
  onStep(): void;
  onReady(process: PluginProcess): void;
  onDrain(): void;
  onStopping(): void;
  onHung(event: string): void;
  /** Closes the connection at once; `settle` runs when the new state is in force. */
  onDeath(process: PluginProcess, ending: Ending): { readonly wasIdle: boolean; readonly settle: () => void };
}

const STEPS = { stopped: 'end', backoff: 'fail', quarantined: 'quarantine', refused: 'refuse' } as const;
const HARMLESS: readonly DeathClass[] = ['idle', 'requested', 'clean'];

/** The processes of one plugin, one after another: which state it is in and what comes next. Knows no calls. */
export class Life {
  state: PluginState = 'stopped';
  process: PluginProcess | undefined;
  /** Why no start will be tried, in state `refused`. */
  refusal: Failure | undefined;
  lastExit: LastExit | undefined;
  starts = 0;
  restarts = 0;
  readonly schedule: RestartSchedule;
  readonly #spec: PluginSpec;
  readonly #deps: LifeDeps;
  readonly #owner: LifeOwner;
  readonly #idleWatch: IdleWatch;
  /** Exits of processes that are no longer the plugin's own. */
  readonly #leaving = new Set<Promise<void>>();
  #stopping: { readonly death: 'idle' | 'requested'; readonly done: Promise<void> } | undefined;
  #starters: ((failure: Failure | undefined) => void)[] = [];

  constructor(spec: PluginSpec, deps: LifeDeps, owner: LifeOwner) {
    this.#spec = spec;
    this.#deps = deps;
    this.#owner = owner;
    this.schedule = new RestartSchedule({ ...deps, onRested: () => this.#onRested() });
    this.#idleWatch = new IdleWatch(spec.idleStopMs, owner.quietMs, () => void this.end('idle'));
  }

  /** Starts a process when one is needed and may be started now. */
  wake(): void {
    if (this.state === 'stopped' && (this.#starters.length > 0 || this.#owner.isNeeded())) this.#launch();
  }

  /** Settles when the plugin is ready, or with the reason why it is not. */
  async start(isClosed: boolean): Promise<Failure | undefined> {
    await this.#stopping?.done;
    if (this.state === 'ready') return undefined;
    const refusal = refusalOf({ ...this.situation(), isClosed }, 0);
    if (refusal !== undefined) return refusal;
    return new Promise((resolve) => {
      this.#starters.push(resolve);
      this.wake();
    });
  }

  /** Ends the process by the stop ladder; a planned start is dropped. */
  async end(death: 'idle' | 'requested'): Promise<void> {
    if (this.state === 'backoff') {
      this.schedule.cancel();
      this.#step('rest');
    }
    const { process } = this;
    if (process === undefined) return;
    if (this.#stopping === undefined) {
      const failure = stoppedFailure(this.#spec.name);
      this.#idleWatch.stop();
      this.#owner.onStopping();
      const done = process.stop(failure).then((exit) => this.#onDeath(process, { death, failure, exit }));
      this.#stopping = { death, done };
      this.#step('stop');
    }
    await this.#stopping?.done;
  }

  /** Wipes what was and starts at once where nothing runs. */
  renew(): void {
    this.schedule.forgive();
    this.refusal = undefined;
    if (nextState(this.state, 'start') !== undefined) this.#launch();
  }

  /** Settles when every process has exited. */
  async gone(): Promise<void> {
    this.schedule.cancel();
    await Promise.all(this.#leaving);
  }

  situation(): {
    plugin: string;
    state: PluginState;
    refusal: Failure | undefined;
    nextStartMs: number | undefined;
    lastExit: LastExit | undefined;
  } {
    const { state, refusal, lastExit } = this;
    return { plugin: this.#spec.name, state, refusal, nextStartMs: this.schedule.nextStartMs, lastExit };
  }

  #launch(): void {
    this.schedule.cancel();
    this.starts++;
    if (this.lastExit !== undefined && !HARMLESS.includes(this.lastExit.death)) this.restarts++;
    const events: ProcessEvents = {
      onExit: (exit) => this.#onExit(process, exit),
      onFault: (failure) => void this.#onFault(process, failure),
      onHung: (call) => this.#onHung(process, call.event),
      onDrain: () => this.#owner.onDrain(),
    };
    const process = new PluginProcess(this.#spec, { ...this.#deps, serve: this.#deps.serve.bind(undefined, this.#spec.name) }, events);
    this.process = process;
    this.#step('start');
    void this.#greet(process);
  }

  async #greet(process: PluginProcess): Promise<void> {
    const hello = await process.hello(this.#owner.config());
    if (this.process !== process || this.state !== 'starting') return;
    if (hello.ok) {
      process.readyAt = this.#deps.timers.now();
      this.#step('hello');
      if (this.#spec.activation === 'lazy' && this.#spec.idleStopMs > 0) this.#idleWatch.start();
      this.#settleStarters(undefined);
      this.#owner.onReady(process);
      return;
    }
    const { death } = hello;
    const failure = { code: hello.failure.code, message: hello.failure.message + quoteStderr(process.stderr) };
    if (death === 'start') process.kill();
    this.#onDeath(process, { death, failure, exit: { signal: death === 'start' ? 'SIGKILL' : 'SIGTERM' } });
    if (death === 'declined') await process.stop(failure);
  }

  #onExit(process: PluginProcess, exit: Exit): void {
    const asked = this.#stopping;
    const ending =
      asked === undefined
        ? unaskedEnding(this.#spec, process.readyAt !== undefined, exit, process.stderr)
        : { death: asked.death, failure: stoppedFailure(this.#spec.name), exit };
    this.#onDeath(process, ending);
  }

  async #onFault(process: PluginProcess, failure: Failure): Promise<void> {
    // A broken pipe is how an exit looks from the other end; the exit itself says more.
    if (failure.code === 'PLUGIN_EXITED' && (await within(process.exited, this.#deps.times.lastWordsMs))) return;
    this.#kill(process, { death: 'protocol', failure, exit: { signal: 'SIGKILL' } });
  }

  #onHung(process: PluginProcess, event: string | undefined): void {
    if (event !== undefined) this.#owner.onHung(event);
    this.#kill(process, { death: 'hung', failure: hungFailure(this.#spec.name, event), exit: { signal: 'SIGKILL' } });
  }

  #kill(process: PluginProcess, ending: Ending): void {
    process.kill();
    // One that is being stopped anyway is taken leave of at its exit.
    if (this.#stopping === undefined) this.#onDeath(process, ending);
  }

  /** The one place where a process stops being the plugin's, whatever ended it; who comes second finds nothing to do. */
  #onDeath(process: PluginProcess, ending: Ending): void {
    if (this.process !== process) return;
    const { death, failure } = ending;
    const { wasIdle, settle } = this.#owner.onDeath(process, ending);
    const verdict = this.schedule.judge(death, process.readyAt, wasIdle);
    this.process = undefined;
    this.#stopping = undefined;
    this.#idleWatch.stop();
    this.#takeLeave(process, ending);
    this.#step(STEPS[verdict.state]);
    // From here on code of others runs, which may call, stop or restart this plugin at once.
    this.#settleStarters(failure);
    settle();
    // It was killed to be replaced.
    if (death === 'hung' && this.state === 'backoff') this.#launch();
    this.wake();
  }

  #takeLeave(process: PluginProcess, ending: Ending): void {
    const { stderr, pid } = process;
    const { death, failure } = ending;
    const { name: plugin } = this.#spec;
    if (death === 'config') this.refusal = configFailure(plugin, stderr);
    if (death === 'declined') this.refusal = failure;
    const record = lastExit(ending, stderr);
    this.lastExit = record;
    if (HARMLESS.includes(death)) this.#deps.log.info('plugin stopped', { plugin, pid, death });
    else this.#deps.log.warn('plugin exited', { plugin, pid, death, reason: failure.message });
    const gone = process.exited.then((exit) => {
      this.#leaving.delete(gone);
      // What was killed was taken leave of before its exit was known.
      if (this.lastExit === record) this.lastExit = { ...lastExit({ ...ending, exit }, stderr), time: record.time };
    });
    this.#leaving.add(gone);
  }

  #onRested(): void {
    if (this.#owner.isNeeded() || this.#spec.activation === 'eager') this.#launch();
    else this.#step('rest');
  }

  #settleStarters(failure: Failure | undefined): void {
    for (const settle of this.#starters.splice(0)) settle(failure);
  }

  #step(event: LifecycleEvent): void {
    const next = nextState(this.state, event);
    const { name: plugin } = this.#spec;
    if (next === undefined)
      throw new HostError('INTERNAL_ERROR', `Cannot go on with plugin "${plugin}": "${event}" in state "${this.state}"`);
    this.state = next;
    this.#deps.log.debug('plugin state', { plugin, state: next, pid: this.process?.pid });
    this.#owner.onStep();
  }
}
