import type { Scope } from '../../daemon/types.ts';
import type { Outcome } from '../../dispatcher/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { CommandExit } from './command-exit.ts';
import { isClass } from './config-sources.ts';
import { FunctionCommand } from './function-command.ts';
import { configFrom } from './load-configs.ts';
import { EXIT_SLOTS, runSlot } from './run-slot.ts';
import { INVOCATION_SLOTS } from './slots.ts';
import { isRecord } from './to-data.ts';
import type { Exited, InvocationData, InvocationSlot, RegisteredCommand, Slot, Stopped, WakeResult } from './types.ts';

export interface Invocation {
  readonly command: RegisteredCommand;
  readonly knownArgs: Record<string, unknown>;
  readonly unknownArgs: string[];
  readonly cwd: string;
}

/** Runs the nine slots of an invocation back to back, in one operation. Throws what a hook or the command threw. */
export async function invoke(host: Pick<Scope, 'using'>, { command, knownArgs, unknownArgs, cwd }: Invocation): Promise<WakeResult> {
  const { name, description, target, configTypes, hooks } = command;
  const data: InvocationData = {
    name,
    description,
    target,
    configTypes,
    cwd,
    knownArgs,
    unknownArgs,
    configs: {},
    command: undefined,
    result: undefined,
  };
  return await host.using([], async (scope): Promise<WakeResult> => {
    const operation = scope.operation();
    try {
      for (const slot of INVOCATION_SLOTS) {
        const outcome = await runSlot({ slot, hooks: hooks[slot], data, scope, emit: operation.emit });
        const end = outcome === undefined ? undefined : (stoppedBy(slot, outcome) ?? take(slot, outcome, data));
        if (end !== undefined) return end;
        assertConfigs(slot, data);
      }
      return { status: 'ended', name, result: data.result };
    } catch (error) {
      return exitOf(error);
    } finally {
      operation.end();
    }
  });
}

/** The end that a hook asked for. Throws every other error. */
export function exitOf(error: unknown): Exited {
  if (!(error instanceof CommandExit)) throw error;
  return { status: 'exited', exitCode: error.exitCode, message: error.message };
}

/** Why the slot stopped the command; undefined when it did not. */
export function stoppedBy(slot: Slot, { status, by, cause, violation }: Outcome): Stopped | undefined {
  if (status !== 'blocked') return undefined;
  return { status: 'blocked', slot, by, cause, violation };
}

/** Uses the value that a plugin gave in place of what the slot does. */
function take(slot: InvocationSlot, { status, value, by }: Outcome, data: InvocationData): Exited | undefined {
  if (status !== 'replaced') return undefined;
  if (EXIT_SLOTS.includes(slot)) {
    const { exit_code, message = '' } = value as { exit_code: number; message?: string };
    return { status: 'exited', exitCode: exit_code, message };
  }
  if (slot === 'run_hook') data.result = (value as { result: unknown }).result;
  else if (slot === 'init_hook') data.command = instanceOf(data, (value as { fields: object }).fields);
  else data.configs = configsOf(data, { value: value as Record<string, unknown>, by: by ?? '' });
  return undefined;
}

/** An instance that was not made by its class, and so keeps its methods and nothing else. */
function instanceOf({ target, configs }: InvocationData, fields: object): object {
  const instance: object = isClass(target) ? Object.create(target.prototype) : new FunctionCommand(target, Object.values(configs));
  return Object.assign(instance, structuredClone(fields));
}

function configsOf({ configTypes }: InvocationData, { value, by }: { value: Record<string, unknown>; by: string }): Record<string, object> {
  const entries = Object.values(configTypes).map((type) => {
    const data = Object.hasOwn(value, type.id) ? value[type.id] : {};
    return [type.id, configFrom(type, data, () => `value of "${by}"`)] as const;
  });
  return Object.fromEntries(entries);
}

/** A command would be called with the wrong arguments if a config were lost on the way. */
function assertConfigs(slot: InvocationSlot, { name, configs, configTypes }: InvocationData): void {
  if (slot === 'pre_config_hook') return;
  const missing = Object.keys(configTypes).find((id) => !(isRecord(configs) && isRecord(configs[id])));
  if (missing === undefined) return;
  throw new HostError('PAYLOAD_INVALID', `Cannot go on with command "${name}": config "${missing}" is not there after "${slot}"`);
}
