const MAX_SUSPECTS = 1000;
const MAX_POISONED = 100;
const DEATHS_TO_POISON = 2;

/** Which events were being handled when the plugin died. One that killed it twice is poison. */
export class Suspects {
  readonly #deaths = new Map<string, number>();
  readonly #poisoned = new Set<string>();

  /** The process died while this event was in flight; true when that makes the event poison. */
  blame(event: string): boolean {
    if (this.#poisoned.has(event)) return true;
    const deaths = (this.#deaths.get(event) ?? 0) + 1;
    this.#deaths.delete(event);
    if (deaths < DEATHS_TO_POISON) {
      this.#deaths.set(event, deaths);
      dropOldest(this.#deaths, MAX_SUSPECTS);
      return false;
    }
    this.#poisoned.add(event);
    dropOldest(this.#poisoned, MAX_POISONED);
    return true;
  }

  /** A process died once while this event was in flight. */
  has(event: string): boolean {
    return this.#deaths.size > 0 && this.#deaths.has(event);
  }

  /** It was answered after all. */
  clear(event: string): void {
    this.#deaths.delete(event);
  }

  isPoisoned(event: string): boolean {
    return this.#poisoned.size > 0 && this.#poisoned.has(event);
  }

  /** Oldest first, at most 100. */
  poisoned(): string[] {
    return [...this.#poisoned];
  }
}

function dropOldest(kept: Map<string, unknown> | Set<string>, max: number): void {
  if (kept.size <= max) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
