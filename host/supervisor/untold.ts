/** Counts the notifications that wait, for whoever waits until none does. */
export class Untold {
  #count = 0;
  readonly #waiting: (() => void)[] = [];

  add(): void {
    this.#count += 1;
  }

  /** One was handed over or dropped. */
  remove(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Settles when none waits. */
  gone(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
