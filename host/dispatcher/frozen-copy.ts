import { isPlain } from './json-mistake.ts';

/** A deep copy that nobody can change, and roughly how many bytes it takes. Throws RangeError for a value that holds itself. */
export function frozenCopy<T>(value: T): { readonly copy: T; readonly bytes: number } {
  let bytes = 0;
  const freeze = (part: unknown): unknown => {
    bytes += typeof part === 'string' ? part.length + 8 : 8;
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return Object.freeze(part.map(freeze));
    if (!isPlain(part)) return part;
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(part)) {
      bytes += key.length;
      const inner = freeze(part[key]);
      // Assigning to this one would set the prototype.
      if (key === '__proto__') Object.defineProperty(copy, key, { value: inner, enumerable: true });
      else copy[key] = inner;
    }
    return Object.freeze(copy);
  };
  return { copy: freeze(value) as T, bytes };
}
