import { isPlain } from './json-mistake.ts';

/** A deep copy that nobody can change, and roughly how many bytes it takes. Throws RangeError for a value that holds itself. */
export function frozenCopy<T>(value: T): { readonly copy: T; readonly bytes: number } {
  let bytes = 0;
  const freeze = (part: unknown): unknown => {
    bytes += typeof part === 'string' ? part.length + 8 : 8;
    if (Array.isArray(part)) return Object.freeze(part.map(freeze));
    if (!isPlain(part)) return part;
    // Spreading defines own properties: a key "__proto__" stays a key.
    const copy: Record<string, unknown> = { ...part };
    for (const key of Object.keys(copy)) {
      bytes += key.length;
      const inner = copy[key];
      if (typeof inner === 'object' && inner !== null) Object.defineProperty(copy, key, { value: freeze(inner) });
      else freeze(inner);
    }
    return Object.freeze(copy);
  };
  return { copy: freeze(value) as T, bytes };
}
