/** Counts what is not settled yet, for whoever waits until nothing is left. */
export class Unsettled {
  #count = 0;
  readonly #waiting: (() => void)[] = [];

  add(): void {
    this.#count += 1;
  }

  /** One was settled. */
  remove(): void {
    this.#count -= 1;
    if (this.#count === 0 && this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Settles when none is left. */
  none(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
