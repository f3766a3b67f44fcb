import type { Exchanged, Watch } from './types.ts';

const KEPT_MESSAGES = 200;
export const KEPT_CHARACTERS = 2000;

/** The latest of what host and plugin said to each other, and a way to wait for more. */
export class ExchangeLog {
  readonly #kept: Exchanged[] = [];
  readonly #started: number = performance.now();
  readonly #waiting: Set<() => void> = new Set();
  readonly #onExchange: Watch['onExchange'];

  constructor(onExchange: Watch['onExchange']) {
    this.#onExchange = onExchange;
  }

  /** In ms since the process was started. */
  now(): number {
    return performance.now() - this.#started;
  }

  /** What was said since a moment of `performance.now()`; all there is when that is nothing. */
  since(moment: number): readonly Exchanged[] {
    const since = this.#kept.filter(({ atMs }) => this.#started + atMs >= Math.floor(moment));
    return since.length > 0 ? since : this.#kept;
  }

  keep(from: Exchanged['from'], text: string): void {
    const shown = text.length > KEPT_CHARACTERS ? `${text.slice(0, KEPT_CHARACTERS)} … (${text.length} characters)` : text;
    const atMs = Math.round(this.now());
    this.#onExchange?.({ from, atMs, text });
    this.#kept.push({ from, atMs, text: shown });
    if (this.#kept.length > KEPT_MESSAGES) this.#kept.shift();
    for (const wake of this.#waiting) wake();
  }

  /** Settles when more is kept, or after so many milliseconds. */
  next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }
}
