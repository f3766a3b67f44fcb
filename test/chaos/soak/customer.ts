import { setTimeout as wait } from 'node:timers/promises';
import type { Fired } from './types.ts';

type Emit = (hook: string, payload: Record<string, unknown>) => Promise<object>;

/** Where a customer fires its events. */
export interface Emitter {
  readonly emit: Emit;
  inOperation(emits: (emit: Emit) => Promise<void>): Promise<void>;
  inSession(emits: (emit: Emit) => Promise<void>): Promise<void>;
}

export interface CustomerOptions {
  readonly name: string;
  readonly emitter: Emitter;
  readonly random: () => number;
  /** Mean pause between two events, in milliseconds. */
  readonly paceMs: number;
  readonly write: (fired: Fired) => void;
}

/** Somebody who fires one event after another and writes down what became of each. */
export class Customer {
  readonly #options: CustomerOptions;
  #n = 0;
  #isPaused = false;
  #isIdle = false;
  #isGone = false;

  constructor(options: CustomerOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { emitter, paceMs, random } = this.#options;
    while (!this.#isGone) {
      this.#isIdle = this.#isPaused;
      await wait(this.#isPaused ? 20 : 2 * paceMs * random());
      if (this.#isPaused) continue;
      const what = random();
      if (what < 0.85) await this.#fire(emitter.emit, hookOf(random()));
      else await (what < 0.95 ? emitter.inOperation(this.#several) : emitter.inSession(this.#several)).catch((error) => this.#fail(error));
    }
  }

  /** Settles when nothing of it is in flight. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    while (!this.#isIdle && !this.#isGone) await wait(10);
  }

  goOn(): void {
    this.#isPaused = false;
    this.#isIdle = false;
  }

  leave(): void {
    this.#isGone = true;
  }

  readonly #several = async (emit: Emit): Promise<void> => {
    for (const hook of ['soak.step', 'soak.step', 'soak.note']) await this.#fire(emit, hook);
  };

  async #fire(emit: Emit, hook: string): Promise<void> {
    const { name: client, write } = this.#options;
    const n = ++this.#n;
    try {
      const { event, status, cause, by, failOpens } = (await emit(hook, { client, n })) as Omit<Fired, 'client' | 'n'>;
      write({ ...{ client, n, hook, at: Date.now() }, ...defined({ event, status, cause, by, failOpens }) });
    } catch (error) {
      this.#fail(error, hook, n);
    }
  }

  #fail(error: unknown, hook = '', n = 0): void {
    if (this.#isGone) return;
    const { code, message } = error as { code?: string; message: string };
    this.#options.write({ client: this.#options.name, n, hook, at: Date.now(), error: code ?? message });
  }
}

function hookOf(random: number): string {
  return random < 0.45 ? 'soak.note' : random < 0.8 ? 'soak.step' : 'soak.lookup';
}

function defined(facts: Readonly<Record<string, unknown>>): Partial<Fired> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
