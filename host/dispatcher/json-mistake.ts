import { isFields } from './patch.ts';

/** Why an in-process value is no JSON of at most `levels` levels; undefined when it is. A key without a value counts as left out. */
export function jsonMistake(value: unknown, levels: number): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `it holds ${value}, which is no JSON`;
  if (!Array.isArray(value) && !isPlain(value)) return `it holds ${kindOf(value)}, which is no JSON`;
  if (levels === 0) return 'it is nested too deeply or holds itself';
  for (const item of Object.values(value)) {
    if (item === undefined && !Array.isArray(value)) continue;
    const mistake = jsonMistake(item, levels - 1);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}

/** True for an object that is no instance of a class, whichever realm made it. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isFields(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (!isFields(value)) return value === undefined ? 'an undefined item' : `a ${typeof value}`;
  return `an object of class "${value.constructor?.name ?? 'unknown'}"`;
}
