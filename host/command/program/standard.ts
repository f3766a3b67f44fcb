import { HostError } from '../../protocol/errors.ts';
import type { CommandHook, ConfigType } from './types.ts';

/** Which configs a default hook cares for. */
export interface IdChoice {
  /** Ids of the configs. Default: all of the command. */
  readonly ids?: readonly string[];
  /** Ids of configs that are left out. */
  readonly skip?: readonly string[];
}

/** Gives a hook the name that default behaviour has in plans, for plugins to stand `before` and `after`. */
export function standard<D>(hook: CommandHook<D>): CommandHook<D> {
  return Object.defineProperty(hook, 'name', { value: 'default' });
}

/** The chosen configs in the order of the command. Throws HANDLER_INVALID for an id that the command does not have. */
export function chosen(types: Readonly<Record<string, ConfigType>>, { ids, skip = [] }: IdChoice): ConfigType[] {
  for (const id of ids ?? []) {
    if (Object.hasOwn(types, id)) continue;
    throw new HostError('HANDLER_INVALID', `Cannot use config "${id}": the command has "${Object.keys(types).join('", "')}"`);
  }
  return Object.values(types).filter(({ id }) => (ids?.includes(id) ?? true) && !skip.includes(id));
}
