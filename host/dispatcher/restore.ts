import { equal } from '@outrigger/schemas/runtime';
import { pointerBelow } from '../protocol/json-pointer.ts';
import type { Marks } from '../registry/sensitive-marks.ts';
import { applyPatch, isFields, NOTHING, type Writable } from './patch.ts';
import { type Hidden, isHidden, REDACTED, redact } from './redact.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One place of a patch, in step with the payload it changes, the marks and the writable parts. */
interface Place {
  readonly pointer: string;
  readonly marks: Marks | undefined;
  readonly writable: Writable;
}

/** What the patch may not do, and where. */
export interface Refusal {
  readonly pointer: string;
  readonly why: string;
}

export interface RestoreOptions {
  readonly marks: Marks;
  readonly writable: Writable;
  /** What the one who answers was not shown; undefined: it was shown everything. */
  readonly hidden: Hidden | undefined;
}

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(pointer: string, why: string) {
    super(why);
    this.refusal = { pointer, why };
  }
}

/**
 * Takes the redaction marks out of a patch by one who was shown them: a mark that comes back is no edit, and what it
 * stood for stays. A hidden place may be written or removed unseen where it is writable, and nowhere else, not even
 * with the value it has: whether that is refused would tell the value. No mark gets into a marked place.
 */
export function restorePatch(
  patch: Fields,
  before: Fields,
  options: RestoreOptions,
): { patch: Record<string, unknown> } | { refused: Refusal } {
  const { marks, writable, hidden } = options;
  try {
    return { patch: new Restorer(hidden).fields(patch, before, { pointer: '', marks, writable }) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.refusal };
    throw error;
  }
}

/** True when a marked place of the value holds the redaction mark. */
export function holdsMark(value: unknown, marks: Marks | undefined): boolean {
  if (marks === undefined) return false;
  if (marks.kinds.length > 0) return mentionsMark(value);
  if (Array.isArray(value)) return value.some((item, index) => holdsMark(item, marks.item(index)));
  return isFields(value) && Object.entries(value).some(([key, item]) => holdsMark(item, marks.field(key)));
}

/** Part of a text counts: whoever put it there edited the mark. */
function mentionsMark(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(REDACTED);
  return typeof value === 'object' && value !== null && Object.values(value).some(mentionsMark);
}

class Restorer {
  readonly #hidden: Hidden | undefined;

  constructor(hidden: Hidden | undefined) {
    this.#hidden = hidden;
  }

  fields(patch: Fields, before: Fields, at: Place): Record<string, unknown> {
    const kept = Object.entries(patch).flatMap(([key, change]): [string, unknown][] => {
      const below = childOf(at, key);
      const old = Object.hasOwn(before, key) ? before[key] : undefined;
      if (below.marks === undefined || change === null || change === undefined) return [[key, change]];
      // What it was shown there comes back: no edit.
      if (old !== undefined && this.#hides(below.marks) && change === REDACTED) return [];
      return [[key, this.#change(change, old, { ...below, marks: below.marks })]];
    });
    return Object.fromEntries(kept);
  }

  #change(change: unknown, old: unknown, at: Place & { readonly marks: Marks }): unknown {
    if (this.#hides(at.marks)) refuseBlindEdit(change, at);
    else if (isFields(change) && isFields(old)) return this.#checked(this.fields(change, old, at), old, at);
    else if (Array.isArray(change) && Array.isArray(old)) return this.#checked(this.#list(change, old, at), old, at);
    return this.#fresh(change, old, at);
  }

  /** Inside of a marked place that is shown, a mark that is left was put there. */
  #checked(change: unknown, old: unknown, at: Place & { readonly marks: Marks }): unknown {
    return at.marks.kinds.length === 0 ? change : this.#fresh(change, old, at);
  }

  /** What stands for itself: the mark has no meaning in it. */
  #fresh(change: unknown, old: unknown, { pointer, marks }: Place): unknown {
    if (!holdsMark(change, marks) || (!this.#hides(marks) && equal(applyPatch(old, change), old))) return change;
    throw new Refused(pointer, `it holds "${REDACTED}" where that stands for nothing; leave out what is not to change`);
  }

  /** A patch replaces a list whole, so each mark in it must say which item it came from. */
  #list(list: readonly unknown[], old: readonly unknown[], at: Place & { readonly marks: Marks }): unknown {
    const { marks, pointer } = at;
    const hidden = this.#hidden;
    if (hidden === undefined) return this.#fresh(list, old, at);
    const shown = redact(old, marks, hidden) as readonly unknown[];
    if (equal(list, shown)) return old;
    if (at.writable !== true && !equal(shown, redact(old, undefined, hidden))) {
      throw new Refused(pointer, 'it is not writable and was not sent back as it was shown');
    }
    const origins = new Origins(shown, marks);
    return list.map((item, index) => {
      if (!holdsMark(item, marks.item(index))) return item;
      const origin = origins.of(item, { index, isShorter: list.length < old.length });
      if (origin !== undefined) return old[origin];
      throw new Refused(`${pointer}/${index}`, `it holds "${REDACTED}" and it is not clear which item of the original that stands for`);
    });
  }

  #hides(marks: Marks | undefined): boolean {
    return this.#hidden !== undefined && isHidden(marks, this.#hidden);
  }
}

/** Which item of a list an item with marks in it was. */
class Origins {
  readonly #shown: readonly unknown[];
  readonly #marks: Marks;
  #places: Map<string, number[]> | undefined;

  constructor(shown: readonly unknown[], marks: Marks) {
    this.#shown = shown;
    this.#marks = marks;
  }

  /** The one in the same place while nothing was taken out, else the only one that looks the same. */
  of(item: unknown, { index, isShorter }: { index: number; isShorter: boolean }): number | undefined {
    if (!isShorter && index < this.#shown.length && equal(item, this.#shown[index])) return index;
    const [place, ...others] = this.#lookup(item);
    // Where other marks hold, others may look.
    if (place === undefined || others.length > 0 || this.#marks.item(place) !== this.#marks.item(index)) return undefined;
    return place;
  }

  /** One pass over the list, however many items are asked for. */
  #lookup(item: unknown): readonly number[] {
    if (this.#places === undefined) {
      this.#places = new Map();
      for (const [index, shown] of this.#shown.entries()) {
        const text = stableText(shown);
        const places = this.#places.get(text);
        if (places === undefined) this.#places.set(text, [index]);
        else places.push(index);
      }
    }
    return this.#places.get(stableText(item)) ?? [];
  }
}

/** Equal for equal JSON, whatever the order of keys. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isFields(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** Outside of what is writable nothing is written into a hidden place, whatever is there. */
function refuseBlindEdit(change: unknown, { pointer, writable }: Place): void {
  if (writable === true) return;
  const entries = isFields(change) ? Object.entries(change) : [];
  if (entries.length === 0) throw new Refused(pointer, 'it is not writable, and its value is not shown to the plugin');
  for (const [key, part] of entries) {
    refuseBlindEdit(part, childOf({ pointer, writable, marks: undefined }, key));
  }
}

function childOf({ pointer, marks, writable }: Place, key: string): Place {
  return {
    pointer: pointerBelow(pointer, key),
    marks: marks?.field(key),
    writable: writable === true ? true : (writable[key] ?? NOTHING),
  };
}
