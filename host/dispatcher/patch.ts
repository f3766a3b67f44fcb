import type { Change } from '@outrigger/schemas';
import { equal } from '@outrigger/schemas/runtime';
import { keysOf, pointerBelow } from '../protocol/json-pointer.ts';

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets an own property whatever its name, `__proto__` included. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

/** RFC 7396, copying only what changes: the result shares every untouched part with `target`. */
export function applyPatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    const change = patch[key];
    // An in-process answer may hold keys without a value; they change nothing, as in JSON.
    if (change === undefined) continue;
    if (change === null) delete result[key];
    else put(result, key, applyPatch(Object.hasOwn(result, key) ? result[key] : undefined, change));
  }
  return result;
}

function entriesOf(patch: Fields): [string, unknown][] {
  return Object.entries(patch).filter(([, change]) => change !== undefined);
}

/** Which parts of a payload may be changed, as a tree: `true` for all that lies below. */
export type Writable = true | { readonly [token: string]: Writable };

/** Nothing below may be changed. */
export const NOTHING: Writable = Object.freeze(Object.create(null));

/** Makes the tree from JSON Pointers. */
export function writableTree(pointers: readonly string[]): Writable {
  const root: Record<string, Writable> = Object.create(null);
  if (pointers.includes('')) return true;
  for (const pointer of pointers) {
    const tokens = keysOf(pointer);
    let node = root;
    for (const [place, token] of tokens.entries()) {
      const known = node[token];
      if (known === true) break;
      const below: Record<string, Writable> = known ?? Object.create(null);
      node[token] = place === tokens.length - 1 ? true : below;
      node = below;
    }
  }
  return root;
}

/** The first pointer outside `writable` that the patch would really change; undefined when all is allowed. */
export function refusedPointer(writable: Writable, before: unknown, patch: unknown): string | undefined {
  if (writable === true) return undefined;
  if (!isFields(patch) || !isFields(before)) return equal(applyPatch(before, patch), before) ? undefined : '';
  for (const key of Object.keys(patch)) {
    const refused = refusedField(key, { writable, before, change: patch[key] });
    // Put together on the way back: nearly always there is nothing to name.
    if (refused !== undefined) return `${pointerBelow('', key)}${refused}`;
  }
  return undefined;
}

interface Field {
  readonly writable: Exclude<Writable, true>;
  readonly before: Fields;
  readonly change: unknown;
}

/** The same for one field, as seen from it. */
function refusedField(key: string, { writable, before, change }: Field): string | undefined {
  if (change === undefined) return undefined;
  const below = writable[key] ?? NOTHING;
  const had = Object.hasOwn(before, key);
  if (change === null) return had && below !== true ? '' : undefined;
  return refusedPointer(below, had ? before[key] : undefined, change);
}

/** What a patch changes in `before`, pointer by pointer; places that stay the same are left out. */
export function changesOf(before: unknown, patch: unknown, pointer = ''): Change[] {
  if (isFields(patch) && isFields(before)) {
    return entriesOf(patch).flatMap(([key, change]) => {
      const had = Object.hasOwn(before, key);
      const at = pointerBelow(pointer, key);
      if (change === null) return had ? [{ pointer: at, op: 'remove' as const, from: before[key] }] : [];
      if (!had) return [{ pointer: at, op: 'add' as const, to: applyPatch(undefined, change) }];
      return changesOf(before[key], change, at);
    });
  }
  const to = applyPatch(before, patch);
  return equal(before, to) ? [] : [{ pointer, op: 'replace', from: before, to }];
}
