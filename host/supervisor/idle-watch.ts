/** Calls back once when nothing happened for `idleMs`. Costs nothing per call: it looks at the time of the last activity. */
export class IdleWatch {
  readonly #idleMs: number;
  /** Milliseconds since the last activity; 0 while there is some. */
  readonly #quietMs: () => number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(idleMs: number, quietMs: () => number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#quietMs = quietMs;
    this.#onIdle = onIdle;
  }

  start(): void {
    this.#check(this.#idleMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #check(inMs: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#idleMs - this.#quietMs();
      if (left <= 0) this.#onIdle();
      else this.#check(left);
    }, inMs);
    this.#timer.unref();
  }
}
