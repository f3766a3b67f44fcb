import type { MatchRule } from './types.ts';

type Test = (value: unknown) => boolean;

/** Compiles alternatives into one test on a payload; undefined matches every payload. Never throws, uses no regular expression. */
export function compileMatch(rules: readonly MatchRule[] | undefined): (payload: unknown) => boolean {
  if (rules === undefined) return () => true;
  const alternatives = rules.map((rule) => Object.entries(rule).map(([field, wanted]) => fieldTest(field, wanted)));
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
  const path = field.startsWith('/') ? field.slice(1).split('/').map(unescapePointer) : [field];
  const tests = (Array.isArray(wanted) ? wanted : [wanted]).map(valueTest);
  const fits: Test = (value) => tests.some((test) => test(value));
  return (payload) => {
    const value = valueAt(payload, path);
    return Array.isArray(value) ? value.some(fits) : fits(value);
  };
}

function valueTest(wanted: unknown): Test {
  if (typeof wanted !== 'string' || !/[*?]/.test(wanted)) return (value) => value === wanted;
  return (value) => typeof value === 'string' && matchGlob(wanted, value);
}

function valueAt(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
