import { HostError } from '../../protocol/errors.ts';
import type { AnyHook, InvocationSlot, Marker, Slot } from './types.ts';

/** What `initiate` put into the slot. */
export const SHARED: { readonly marker: 'SHARED' } = Object.freeze({ marker: 'SHARED' });
/** What the slot does where nobody says otherwise. */
export const DEFAULT: { readonly marker: 'DEFAULT' } = Object.freeze({ marker: 'DEFAULT' });
/** Nothing, and a sign that the list says it all: `[NOTHING, mine]` is mine alone. */
export const NOTHING: null = null;

export const INVOCATION_SLOTS: readonly InvocationSlot[] = [
  'pre_config_hook',
  'config_hook',
  'post_config_hook',
  'pre_init_hook',
  'init_hook',
  'post_init_hook',
  'pre_run_hook',
  'run_hook',
  'post_run_hook',
];
export const SLOTS: readonly Slot[] = ['parser_hook', ...INVOCATION_SLOTS];

type AnyValue = AnyHook | Marker | readonly AnyValue[];

/** What the markers of a slot stand for. */
export interface Surroundings {
  readonly slot: Slot;
  readonly standard: readonly AnyHook[];
  /** Undefined where the shared hooks themselves are said. */
  readonly shared: readonly AnyHook[] | undefined;
}

/**
 * The hooks of a slot in the order they run. Without a marker, a command's own are appended to the shared ones, and shared ones stand in the
 * place of the default; with one, the list says it all. Throws HANDLER_INVALID.
 */
export function resolveSlot(value: AnyValue | undefined, at: Surroundings): readonly AnyHook[] {
  if (value === undefined) return at.shared ?? at.standard;
  const items: readonly unknown[] = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
  const own = items.flatMap((item) => hooksOf(item, at));
  const isPlaced = items.some((item) => typeof item !== 'function');
  return isPlaced ? own : [...(at.shared ?? []), ...own];
}

function hooksOf(item: unknown, { slot, standard, shared }: Surroundings): readonly AnyHook[] {
  if (typeof item === 'function') return [item as AnyHook];
  if (item === NOTHING) return [];
  if (item === DEFAULT) return standard;
  if (item !== SHARED) {
    throw new HostError(
      'HANDLER_INVALID',
      `Cannot fill slot "${slot}" with ${JSON.stringify(item) ?? String(item)}: use functions and markers`,
    );
  }
  if (shared !== undefined) return shared;
  throw new HostError('HANDLER_INVALID', `Cannot use SHARED in slot "${slot}" here: these hooks are the shared ones; use DEFAULT`);
}
