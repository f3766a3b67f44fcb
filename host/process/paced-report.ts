/** Reports of one kind that pass in one second. */
export const REPORTS_PER_SECOND = 20;

/** Lets some reports pass in a second; how many did not is told as a number at its end. */
export class PacedReport {
  readonly #tellDropped: (count: number) => void;
  #passed = 0;
  #dropped = 0;
  #window: NodeJS.Timeout | undefined;

  constructor(tellDropped: (count: number) => void) {
    this.#tellDropped = tellDropped;
  }

  /** True when the report may be made. */
  passes(): boolean {
    this.#window ??= setTimeout(() => this.flush(), 1000).unref();
    if (this.#passed >= REPORTS_PER_SECOND) this.#dropped++;
    else this.#passed++;
    return this.#dropped === 0;
  }

  /** Tells what was only counted, and starts a new second. */
  flush(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    const dropped = this.#dropped;
    this.#passed = 0;
    this.#dropped = 0;
    if (dropped > 0) this.#tellDropped(dropped);
  }
}
