import type { Target } from './types.ts';

/** What a function command becomes, so that it has a method to run like an instance. */
export class FunctionCommand {
  readonly #target: (...values: unknown[]) => unknown;
  readonly #values: readonly unknown[];

  constructor(target: Target, values: readonly unknown[]) {
    this.#target = target as (...values: unknown[]) => unknown;
    this.#values = values;
  }

  run(): unknown {
    return this.#target(...this.#values);
  }
}
