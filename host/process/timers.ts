const TICK_MS = 10;
/** A longer gap between two ticks means that the host's own loop was blocked; no more than this of it counts. */
const MAX_GAP_MS = 3 * TICK_MS;

/** Names one `after()` for `cancel()`; or what is to be woken itself, for `arm()`. */
export interface Timer {
  /** Kept by the wheel. */
  slot: number;
  run(): void;
}

/** One timer wheel for the whole host: coarse (10 ms), cheap to set and cancel, and its clock stands still while the host was blocked. */
export class Timers {
  readonly #slots = new Map<number, Set<Timer>>();
  #active = 0;
  #ticker: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Immediate | undefined;
  #closed = false;
  /** Clock and real time at the last tick. */
  #clock = 0;
  #real: number = performance.now();
  /** Last slot that was emptied. */
  #slot = 0;

  /** Milliseconds that never go back and count only time in which the host could read. */
  now(): number {
    const passed = performance.now() - this.#real;
    return this.#clock + (this.#ticker === undefined ? passed : Math.min(passed, MAX_GAP_MS));
  }

  /** As now(), up to a tick late while anything is timed; costs no look at the system's clock. */
  recent(): number {
    return this.#ticker === undefined ? this.now() : this.#clock;
  }

  /** Runs once, never earlier than `ms` from now and about two ticks later at most; Infinity never. */
  after(ms: number, run: () => void): Timer {
    const timer = { slot: Number.POSITIVE_INFINITY, run };
    this.arm(timer, this.now() + Math.max(ms, 0));
    return timer;
  }

  /** As after(), with a time on this clock; for a timer that is not armed. */
  arm(timer: Timer, at: number): void {
    timer.slot = Number.POSITIVE_INFINITY;
    if (at === Number.POSITIVE_INFINITY || this.#closed) return;
    if (this.#ticker === undefined) this.#start();
    timer.slot = Math.max(Math.ceil(at / TICK_MS), this.#slot + 1);
    const slot = this.#slots.get(timer.slot);
    if (slot === undefined) this.#slots.set(timer.slot, new Set([timer]));
    else slot.add(timer);
    this.#active++;
  }

  /** Harmless for a timer that ran or was cancelled. */
  cancel(timer: Timer): void {
    if (this.#slots.get(timer.slot)?.delete(timer)) this.#active--;
  }

  /** Drops every timer; nothing keeps the process alive afterwards and `after()` never fires. */
  close(): void {
    this.#closed = true;
    this.#slots.clear();
    this.#active = 0;
    this.#stop();
  }

  #start(): void {
    this.#clock = this.now();
    this.#real = performance.now();
    this.#slot = Math.floor(this.#clock / TICK_MS);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  #stop(): void {
    clearInterval(this.#ticker);
    clearImmediate(this.#expiry);
    this.#clock = this.now();
    this.#real = performance.now();
    this.#ticker = undefined;
    this.#expiry = undefined;
    this.#slots.clear();
  }

  #tick(): void {
    this.#clock = this.now();
    this.#real = performance.now();
    if (this.#active === 0) this.#stop();
    // After the loop has read what arrived in the meantime: an answer in the pipe is not late.
    else this.#expiry ??= setImmediate(() => this.#expire());
  }

  #expire(): void {
    this.#expiry = undefined;
    const last = Math.floor(this.#clock / TICK_MS);
    // The slot moves on last: when a callback throws, the next tick runs the others.
    while (this.#slot < last) {
      const due = this.#slots.get(this.#slot + 1);
      for (const timer of due ?? []) {
        due?.delete(timer);
        this.#active--;
        timer.run();
      }
      this.#slots.delete(++this.#slot);
    }
  }
}
