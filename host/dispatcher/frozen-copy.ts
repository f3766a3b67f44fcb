import { isPlain } from './json-mistake.ts';

/** What a value takes beside its text or its fields. */
const VALUE_BYTES = 8;

/** Counts while it copies; a walk of its own would cost as much as the copy. */
interface Size {
  bytes: number;
}

/** A deep copy that nobody can change, and roughly how many bytes it takes. Throws RangeError for a value that holds itself. */
export function frozenCopy<T>(value: T): { readonly copy: T; readonly bytes: number } {
  const size: Size = { bytes: 0 };
  return { copy: (isObject(value) ? frozen(value, size) : single(value, size)) as T, bytes: size.bytes };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function single(value: unknown, size: Size): unknown {
  size.bytes += typeof value === 'string' ? value.length + VALUE_BYTES : VALUE_BYTES;
  return value;
}

function frozen(part: object, size: Size): unknown {
  size.bytes += VALUE_BYTES;
  if (Array.isArray(part)) return frozenList(part, size);
  return isPlain(part) ? frozenFields(part, size) : part;
}

function frozenList(list: readonly unknown[], size: Size): readonly unknown[] {
  const copy = list.slice();
  for (let place = 0; place < copy.length; place++) {
    const item = copy[place];
    if (isObject(item)) copy[place] = frozen(item, size);
    else single(item, size);
  }
  return Object.freeze(copy);
}

/** Copied whole first: that keeps the shape of the object and takes half the time of going field by field. */
function frozenFields(fields: Readonly<Record<string, unknown>>, size: Size): object {
  const copy: Record<string, unknown> = { ...fields };
  for (const key of Object.keys(copy)) {
    size.bytes += key.length;
    const value = copy[key];
    if (!isObject(value)) single(value, size);
    // Assigning to this one would set the prototype.
    else if (key === '__proto__') Object.defineProperty(copy, key, { value: frozen(value, size) });
    else copy[key] = frozen(value, size);
  }
  return Object.freeze(copy);
}
