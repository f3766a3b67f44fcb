import type { Timers } from './timers.ts';

const LOG_PREFIX = /^\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"method"\s*:\s*"log"\s*,/;
const PREFIX_BYTES = 64;

/** Token bucket for log records: `perSecond` of them, and as many at once after a quiet second. */
export class LogGate {
  readonly #perSecond: number;
  readonly #timers: Timers;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, timers: Timers) {
    this.#perSecond = perSecond;
    this.#timers = timers;
    this.#tokens = perSecond;
    this.#filledAt = timers.now();
  }

  /** True when the record may pass. */
  take(): boolean {
    if (this.isShut()) return false;
    this.#tokens--;
    return true;
  }

  /** True for a log record that would not pass: known from its first bytes, so that a flood costs no parsing. */
  drops(bytes: Buffer): boolean {
    return this.#tokens < 1 && LOG_PREFIX.test(bytes.toString('latin1', 0, PREFIX_BYTES)) && this.isShut();
  }

  private isShut(): boolean {
    if (this.#tokens >= 1) return false;
    const now = this.#timers.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#filledAt) * this.#perSecond) / 1000);
    this.#filledAt = now;
    return this.#tokens < 1;
  }
}
