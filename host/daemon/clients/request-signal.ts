import type { CancelSignal } from '../../protocol/types.ts';

/** Tells that a request was cancelled. An AbortController for each request would cost as much as reading it: made for those who ask for one. */
export class RequestSignal implements CancelSignal {
  aborted = false;
  /** Called once, when the request was answered. */
  onOver: (() => void) | undefined;
  /** Most requests have one, and no list of them. */
  #listener: (() => void) | undefined;
  #others: Set<() => void> | undefined;
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
    const [first, others] = [this.#listener, this.#others ?? []];
    this.#listener = undefined;
    this.#others = undefined;
    first?.();
    for (const listener of others) listener();
    this.#controller?.abort();
  }

  /** Called once, when it is cancelled from now on. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === undefined && this.#others === undefined) {
      this.#listener = listener;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
    this.#others?.delete(listener);
  }
}
