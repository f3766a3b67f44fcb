/** The latest lines of something, and those who want the next ones. */
export class KeptLines<T> {
  readonly #capacity: number;
  readonly #listeners: Set<(line: T) => void> = new Set();
  #lines: T[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(line: T): void {
    this.#lines.push(line);
    // In bulk, for moving all of them with every line is the greater work.
    if (this.#lines.length >= 2 * this.#capacity) this.#lines = this.#lines.slice(-this.#capacity);
    for (const listen of this.#listeners) listen(line);
  }

  /** Oldest first. */
  latest(): readonly T[] {
    return this.#lines.slice(-this.#capacity);
  }

  /** The result ends it. */
  listen(listener: (line: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
