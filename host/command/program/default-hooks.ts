import { HostError } from '../../protocol/errors.ts';
import { isClass } from './config-sources.ts';
import { FunctionCommand } from './function-command.ts';
import { type LoadOptions, loadConfigs, pathFlagOf } from './load-configs.ts';
import { type OverrideOptions, overrideConfigs } from './override-configs.ts';
import { chosen, type IdChoice, standard } from './standard.ts';
import type { AnyHook, CommandHook, Flag, InvocationData, ParserData, Slot } from './types.ts';

/** Makes the hook that adds `--{config id}-path` for each config. */
export function addPathFlags(options: IdChoice = {}): CommandHook<ParserData> {
  return standard((data: ParserData): void => {
    for (const { id } of chosen(data.configTypes, options)) {
      const help = `file of config "${id}"`;
      data.flags[pathFlagOf(id)] = { flags: [`--${id}-path`], metavar: 'FILE', help };
    }
  });
}

/** Makes a hook that adds one flag, whose value is known as `name`. */
export function addFlag(name: string, flag: Flag): CommandHook<ParserData> {
  return function addFlag(data: ParserData): void {
    data.flags[name] = { ...flag };
  };
}

/** Makes the hook that calls the command with its configs, in order. */
export function callWithConfigs(options: IdChoice = {}): CommandHook<InvocationData> {
  return standard((data: InvocationData): void => {
    data.command = made(
      data,
      chosen(data.configTypes, options).map(({ id }) => data.configs[id]),
    );
  });
}

/** Makes the hook that calls the command with one object, its configs by id. */
export function callWithNamedConfigs(options: IdChoice = {}): CommandHook<InvocationData> {
  return standard((data: InvocationData): void => {
    const named = chosen(data.configTypes, options).map(({ id }) => [id, data.configs[id]] as const);
    data.command = made(data, [Object.fromEntries(named)]);
  });
}

/** Makes the hook that calls a method of the command. A function command is just called. Throws HANDLER_INVALID. */
export function callMethod(method = 'run'): CommandHook<InvocationData> {
  return standard(async (data: InvocationData): Promise<void> => {
    const command = data.command as Record<string, unknown> | undefined;
    const name = command instanceof FunctionCommand ? 'run' : method;
    const run = command?.[name];
    if (typeof run !== 'function') throw new HostError('HANDLER_INVALID', `Cannot run command "${data.name}": it has no method "${name}"`);
    data.result = await run.call(command);
  });
}

/** Hooks for `pre_config_hook` that load these configs before all others, overrides included, so that hooks can look into them. */
export function preload(
  ids: readonly string[],
  options: { load?: LoadOptions; override?: OverrideOptions } = {},
): CommandHook<InvocationData>[] {
  return [loadConfigs({ ...options.load, ids }), overrideConfigs({ ...options.override, ids })];
}

/** What each slot does where nobody says otherwise; slots that are not here do nothing. */
export function standardHooks(slot: Slot): readonly AnyHook[] {
  const makers: Partial<Record<Slot, () => AnyHook>> = {
    parser_hook: addPathFlags,
    config_hook: loadConfigs,
    post_config_hook: overrideConfigs,
    init_hook: callWithConfigs,
    run_hook: callMethod,
  };
  const make = makers[slot];
  return make === undefined ? [] : [make()];
}

function made({ target }: InvocationData, values: readonly unknown[]): object {
  return isClass(target) ? new target(...values) : new FunctionCommand(target, values);
}
