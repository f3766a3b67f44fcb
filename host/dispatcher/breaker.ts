/** After this many failures in a row the breaker opens. */
export const BREAKER_FAILURES = 5;
/** How long it stays open before one call is let through, in milliseconds. */
export const BREAKER_COOL_DOWN_MS = 30_000;

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Circuit breaker of one plugin and hook point: closed → open → half-open → closed. Times are the caller's clock. */
export class Breaker {
  #failures = 0;
  #openUntil = 0;
  #probing = false;

  /** True for nearly all, whatever the time is. */
  get isClosed(): boolean {
    return this.#openUntil === 0;
  }

  state(now: number): BreakerState {
    if (this.#openUntil === 0) return 'closed';
    return now < this.#openUntil ? 'open' : 'half-open';
  }

  /** Whether a call may be made; in the half-open state only one at a time. */
  admits(now: number): boolean {
    if (this.#openUntil === 0) return true;
    if (now < this.#openUntil || this.#probing) return false;
    this.#probing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = 0;
    this.#probing = false;
  }

  /** `trip`: open at once, whatever the count (`onFailure: disable`). */
  failed(now: number, trip: boolean): void {
    this.#failures += 1;
    if (trip || this.#probing || this.#failures >= BREAKER_FAILURES) this.#openUntil = now + BREAKER_COOL_DOWN_MS;
    this.#probing = false;
  }

  /** The call ended without telling anything about the plugin: it was cancelled, or the event ran out of time before it. */
  released(): void {
    this.#probing = false;
  }
}
