/** Largest state a plugin may leave with the host, in bytes of JSON. */
export const MAX_STATE_BYTES = 65_536;
/** Most operations a scope keeps; the one that has been silent longest is forgotten first. */
export const MAX_OPERATIONS = 10_000;

/** Events that belong together: what each plugin left for its next one, and who is still busy with an ordered one. */
export class OperationState {
  readonly id: string;
  /** Serialised state by plugin. */
  readonly states: Map<string, string> = new Map();
  readonly #tails: Map<string, Promise<unknown>> = new Map();

  constructor(id: string) {
    this.id = id;
  }

  /** Runs `next`, which must not reject, with what must settle first: the plugin's earlier calls of this operation. */
  inOrder<T>(plugin: string, next: (earlier: Promise<unknown> | undefined) => Promise<T>): Promise<T> {
    const earlier = this.#tails.get(plugin);
    const mine = next(earlier);
    // Both: whoever does not wait to the end lets nobody overtake.
    const tail = earlier === undefined ? mine : Promise.all([earlier, mine]);
    this.#tails.set(plugin, tail);
    void tail.then(() => {
      if (this.#tails.get(plugin) === tail) this.#tails.delete(plugin);
    });
    return mine;
  }
}

/** The operations of one scope, bounded. */
export class Operations {
  readonly #open: Map<string, OperationState> = new Map();

  /** Finds or begins the operation and marks it as the most recent. */
  open(id: string): OperationState {
    const known = this.#open.get(id);
    if (known !== undefined) this.#open.delete(id);
    const operation = known ?? new OperationState(id);
    this.#open.set(id, operation);
    if (this.#open.size > MAX_OPERATIONS) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    return operation;
  }

  end(id: string): void {
    this.#open.delete(id);
  }

  get size(): number {
    return this.#open.size;
  }
}
