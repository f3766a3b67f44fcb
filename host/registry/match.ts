import { keysOf } from '../protocol/json-pointer.ts';
import type { MatchRule } from './types.ts';

type Test = (value: unknown) => boolean;

/** Compiles alternatives into one test on a payload; undefined matches every payload. Never throws; patterns are globs, never regular expressions. */
export function compileMatch(rules: readonly MatchRule[] | undefined): (payload: unknown) => boolean {
  if (rules === undefined) return () => true;
  const alternatives = rules.map((rule) => Object.entries(rule).map(([field, wanted]) => fieldTest(field, wanted)));
  const [[only, ...others] = [], ...more] = alternatives;
  // By far the most common: one field. It is asked for every event, whether the plugin is called or not.
  if (only !== undefined && others.length === 0 && more.length === 0) return only;
  return (payload) => alternatives.some((fields) => fields.every((test) => test(payload)));
}

/** Steps a glob may take for each character before it counts as fitting: then the plugin is asked rather than silenced. */
const STEPS = 8;

/** True when the whole text fits: `*` is any run of characters, `?` one character. Takes time in proportion to the text, whatever the pattern. */
export function matchGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let retry = 0;
  let steps = STEPS * (text.length + pattern.length);
  while (t < text.length) {
    if (steps-- === 0) return true;
    const wanted = pattern[p];
    if (wanted === '*') {
      star = p++;
      retry = t;
    } else if (wanted === '?') {
      p++;
      t += widthAt(text, t);
    } else if (wanted === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      // Only the last star is ever widened: that is what keeps this from going exponential.
      p = star + 1;
      retry += widthAt(text, retry);
      t = retry;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function widthAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}

function fieldTest(field: string, wanted: unknown): Test {
  const path = pathOf(field);
  const values = valuesOf(wanted);
  const exact = new Set(values.filter((value) => !isGlob(value)));
  const globs = values.filter(isGlob);
  const fits: Test = (value) => exact.has(value) || (typeof value === 'string' && globs.some((glob) => matchGlob(glob, value)));
  return (payload) => {
    const value = valueAt(payload, path);
    return Array.isArray(value) ? value.some(fits) : fits(value);
  };
}

/** A field of a rule as the keys that lead to it. */
export function pathOf(field: string): readonly string[] {
  return field.startsWith('/') ? keysOf(field) : [field];
}

/** What a rule wants of a field, as a list. */
export function valuesOf(wanted: unknown): readonly unknown[] {
  return Array.isArray(wanted) ? wanted : [wanted];
}

export function isGlob(value: unknown): value is string {
  return typeof value === 'string' && /[*?]/.test(value);
}

export function valueAt(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
