import type { Timers } from '../process/timers.ts';
import { afterDeath, type History, NO_HISTORY, type Times, type Verdict } from './restart-policy.ts';
import type { DeathClass } from './types.ts';

export interface ScheduleOptions {
  readonly times: Times;
  readonly timers: Timers;
  readonly random: () => number;
  /** The wait after a failure is over. */
  readonly onRested: () => void;
}

/** Remembers how a plugin's processes ended and wakes it when the next start is due. */
export class RestartSchedule {
  readonly #options: ScheduleOptions;
  #history: History = NO_HISTORY;
  #timer: NodeJS.Timeout | undefined;
  #nextStartAt: number | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Milliseconds until the next start is tried; undefined when none is planned. */
  get nextStartMs(): number | undefined {
    return this.#nextStartAt === undefined ? undefined : Math.max(0, this.#nextStartAt - performance.now());
  }

  /** `readyAt` is undefined for a process that never was ready. */
  judge(death: DeathClass, readyAt: number | undefined, wasIdle: boolean): Verdict {
    const { times, timers, random } = this.#options;
    const at = timers.now();
    const verdict = afterDeath(this.#history, { death, at, readyMs: readyAt === undefined ? 0 : at - readyAt, wasIdle }, times, random());
    this.#history = verdict.history;
    if ('delayMs' in verdict) this.#plan(verdict.delayMs);
    return verdict;
  }

  /** Drops the planned start. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#nextStartAt = undefined;
  }

  /** Forgets what was. */
  forgive(): void {
    this.cancel();
    this.#history = NO_HISTORY;
  }

  // A plain timer: the wheel would tick all through a cool-down. It keeps no process alive; calls that wait do, by their deadlines.
  #plan(delayMs: number): void {
    this.#nextStartAt = performance.now() + delayMs;
    this.#timer = setTimeout(() => {
      this.#nextStartAt = undefined;
      this.#options.onRested();
    }, delayMs);
    this.#timer.unref();
  }
}
