import { isGlob, pathOf, valueAt, valuesOf } from './match.ts';
import type { MatchRule } from './types.ts';

interface Field {
  readonly path: readonly string[];
  /** Places by the value that is wanted, each list in order. */
  readonly places: Map<unknown, number[]>;
}

/**
 * Finds the filters that may fit a payload without trying each: a filter that wants a field to be exactly some value is looked up by
 * the value that is there. Those with nothing but globs are always tried. Never leaves out one that fits.
 */
export class MatchIndex {
  readonly #always: number[] = [];
  readonly #fields: Map<string, Field> = new Map();

  /** `filters`: in the order of their places; undefined fits every payload. */
  constructor(filters: readonly (readonly MatchRule[] | undefined)[]) {
    for (const [place, rules] of filters.entries()) {
      const exact = rules?.map(exactField);
      if (exact === undefined || exact.includes(undefined)) this.#always.push(place);
      else for (const field of exact) if (field !== undefined) this.#add(place, field);
    }
  }

  /** Places of the filters that may fit, in order, each once. */
  mayFit(payload: unknown): readonly number[] {
    // A list in a payload may hold the same value a thousand times.
    const found: Set<readonly number[]> = new Set();
    for (const { path, places } of this.#fields.values()) {
      const value = valueAt(payload, path);
      for (const one of Array.isArray(value) ? value : [value]) {
        const hit = places.get(one);
        if (hit !== undefined) found.add(hit);
      }
    }
    if (found.size === 0) return this.#always;
    return [...new Set([...this.#always, ...[...found].flat()])].sort((a, b) => a - b);
  }

  #add(place: number, [name, wanted]: [name: string, wanted: unknown]): void {
    const path = pathOf(name);
    const key = JSON.stringify(path);
    const field = this.#fields.get(key) ?? { path, places: new Map<unknown, number[]>() };
    this.#fields.set(key, field);
    for (const value of new Set(valuesOf(wanted))) {
      const places = field.places.get(value);
      if (places === undefined) field.places.set(value, [place]);
      else if (places.at(-1) !== place) places.push(place);
    }
  }
}

/** A field that has to have one of some exact values for the rule to hold. */
function exactField(rule: MatchRule): [name: string, wanted: unknown] | undefined {
  return Object.entries(rule).find(([, wanted]) => !valuesOf(wanted).some(isGlob));
}
