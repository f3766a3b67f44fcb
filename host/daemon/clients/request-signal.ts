import type { CancelSignal } from '../../protocol/types.ts';

/** Tells that a request was cancelled. An AbortController for each request would cost as much as reading it: made for those who ask for one. */
export class RequestSignal implements CancelSignal {
  aborted = false;
  #listeners: Set<() => void> | undefined;
  #controller: AbortController | undefined;

  /** The same for who needs a real one. */
  get asAbortSignal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = [...(this.#listeners ?? [])];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
    this.#controller?.abort();
  }

  /** Called once, when it is cancelled from now on. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}
