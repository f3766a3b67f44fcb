/** Requests of one kind that are served at once; the next ones wait, in order. */
export const SERVED_AT_ONCE = 8;

/** Requests that wait for no plugin and whose answers can be large however small they are, by what serves them. */
const KINDS: Readonly<Record<string, string>> = { 'net/fetch': 'net', 'storage/get': 'storage', 'storage/list': 'storage' };

/** Lets few requests with large answers be served at once, so that their answers do not pile up in the host. Others have no turn to wait for. */
export class Turns {
  readonly #served = new Map<string, string>();
  readonly #waiting = new Map<string, { readonly kind: string; readonly start: () => void }>();

  /** Starts it now or when its turn has come. */
  take(id: string, method: string, { start, mayStart }: { start: () => void; mayStart: boolean }): void {
    const kind = Object.hasOwn(KINDS, method) ? KINDS[method] : undefined;
    if (kind === undefined) start();
    else if (mayStart && !this.#isBusy(kind)) this.#start(id, kind, start);
    else this.#waiting.set(id, { kind, start });
  }

  /** Its turn is over; who comes next is started by `next`. */
  leave(id: string): void {
    this.#served.delete(id);
  }

  /** Starts those whose turn has come. */
  next(): void {
    if (this.#waiting.size === 0) return;
    for (const [id, { kind, start }] of [...this.#waiting]) {
      if (this.#isBusy(kind)) continue;
      this.#waiting.delete(id);
      this.#start(id, kind, start);
    }
  }

  /** True when it was waiting, and does not any more. */
  giveUp(id: string): boolean {
    return this.#waiting.delete(id);
  }

  clear(): void {
    this.#served.clear();
    this.#waiting.clear();
  }

  #start(id: string, kind: string, start: () => void): void {
    this.#served.set(id, kind);
    start();
  }

  #isBusy(kind: string): boolean {
    let busy = 0;
    for (const other of this.#served.values()) if (other === kind) busy++;
    return busy >= SERVED_AT_ONCE;
  }
}
