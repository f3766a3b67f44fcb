import type { Change } from '@outrigger/schemas';
import { keysOf, pointerBelow } from '../protocol/json-pointer.ts';
import type { Concealment } from '../protocol/validator.ts';
import type { Marks } from '../registry/sensitive-marks.ts';
import type { LoadedHook, Sensitivity } from '../registry/types.ts';
import { isFields } from './patch.ts';

/** What stands in the place of a value that is kept from whoever looks: present stays present, of whatever type it was. */
export const REDACTED = '[redacted]';

/** The kinds of fields kept from somebody; traces and messages show neither kind to anybody. */
export type Hidden = Sensitivity | 'both';

/** What a hook point's events keep from one that was granted `sees`; undefined: nothing, it gets the payload as it is. */
export function hiddenFrom({ sensitive }: LoadedHook, sees: readonly Sensitivity[]): Hidden | undefined {
  if (sensitive === undefined) return undefined;
  const [first, second] = [...sensitive.kinds].filter((kind) => !sees.includes(kind));
  return second === undefined ? first : 'both';
}

/** True when the place itself is kept: of several kinds each must have been granted. */
export function isHidden(at: Marks | undefined, hidden: Hidden): boolean {
  return at?.kinds.some((kind) => hidden === 'both' || hidden === kind) ?? false;
}

/** The value as JSON makes it, without what is kept. Copies only where something is marked. Throws for what is no JSON. */
export function redact(value: unknown, marks: Marks | undefined, hidden: Hidden): unknown {
  return marks === undefined || value === undefined
    ? value
    : redactIn(JSON.parse(JSON.stringify(value)), marks, (at) => isHidden(at, hidden));
}

/** Payload and value of an outcome as they are told to one that was granted `sees`, for a plugin that fired the event itself. */
export function shownOutcome(
  hook: LoadedHook,
  sees: readonly Sensitivity[],
  { payload, value }: { readonly payload: Record<string, unknown>; readonly value?: unknown },
): { payload: Record<string, unknown>; value: unknown } {
  const hidden = hiddenFrom(hook, sees);
  if (hidden === undefined) return { payload, value };
  const shown = redact(payload, hook.sensitive?.payload, hidden) as Record<string, unknown>;
  return { payload: shown, value: redact(value, hook.sensitive?.replace, hidden) };
}

/** `redact` for records: of a value that is no JSON nothing is shown. */
export function redactForRecord(value: unknown, marks: Marks | undefined): unknown {
  try {
    return redact(value, marks, 'both');
  } catch {
    return REDACTED;
  }
}

/** In place: only keys that are there are set, `__proto__` included. */
function redactIn(value: unknown, marks: Marks, hides: (marks: Marks, value: unknown) => boolean): unknown {
  if (hides(marks, value)) return REDACTED;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const below = marks.item(index);
      if (below !== undefined) value[index] = redactIn(item, below, hides);
    }
  } else if (isFields(value)) {
    for (const [key, item] of Object.entries(value)) {
      const below = marks.field(key);
      if (below !== undefined) (value as Record<string, unknown>)[key] = redactIn(item, below, hides);
    }
  }
  return value;
}

/** Keeps marked values out of messages about a value, and the names of what is inside one. */
export function concealing(marks: Marks | undefined): Concealment | undefined {
  if (marks === undefined) return undefined;
  return { source: (value) => withoutMarked(value, marks), pointer: (pointer) => follow(marks, pointer).pointer };
}

/** Of a value that may not fit its schema: a text where an object with a marked field belongs may well be that field. */
function withoutMarked(value: unknown, marks: Marks): unknown {
  if (value === undefined) return value;
  try {
    return redactIn(JSON.parse(JSON.stringify(value)), marks, (at, part) => isHidden(at, 'both') || typeof part !== 'object');
  } catch {
    return REDACTED;
  }
}

const CONCEAL_ALL: Concealment = { source: () => REDACTED, pointer: (pointer) => pointer };

/** For an answer that is not even understood: it may hold anything its plugin was shown. */
export function concealingAnswer({ sensitive }: LoadedHook): Concealment | undefined {
  return sensitive === undefined ? undefined : CONCEAL_ALL;
}

/** Changes as a trace shows them: that a marked place changed, never from or to what. */
export function redactChanges(changes: Change[], marks: Marks | undefined): Change[] {
  if (marks === undefined) return changes;
  const shown = new Map<string, Change>();
  for (const change of changes) {
    const { pointer, at, isMarked } = follow(marks, change.pointer);
    const show = (value: unknown): unknown => (isMarked ? REDACTED : redactForRecord(value, at));
    // Changes inside of one marked place are one change of that place.
    if (pointer !== change.pointer) shown.set(pointer, { pointer, op: 'replace', from: REDACTED, to: REDACTED });
    else
      shown.set(pointer, {
        ...change,
        ...('from' in change ? { from: show(change.from) } : {}),
        ...('to' in change ? { to: show(change.to) } : {}),
      });
  }
  return [...shown.values()];
}

/** Goes along a pointer and stops at the first marked place. */
function follow(marks: Marks, pointer: string): { pointer: string; at: Marks | undefined; isMarked: boolean } {
  let at: Marks | undefined = marks;
  let reached = '';
  if (at.kinds.length > 0) return { pointer: '', at, isMarked: true };
  for (const key of keysOf(pointer)) {
    at = at?.step(key);
    reached = pointerBelow(reached, key);
    if (at !== undefined && at.kinds.length > 0) return { pointer: reached, at, isMarked: true };
  }
  return { pointer, at, isMarked: false };
}
