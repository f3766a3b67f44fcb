import type { Answer } from '@outrigger/schemas';
import type { Operation, Scope } from '../../daemon/types.ts';
import type { Outcome } from '../../dispatcher/types.ts';
import { type ErrorCode, HostError } from '../../protocol/errors.ts';
import { CommandExit } from './command-exit.ts';
import { Mirror } from './mirror.ts';
import type { AnyHook, CommandHook, InvocationData, ParserData, Slot } from './types.ts';

/** Slots whose `replace` ends the program; elsewhere it is the value that the slot would have made. */
export const EXIT_SLOTS: readonly Slot[] = [
  'pre_config_hook',
  'post_config_hook',
  'pre_init_hook',
  'post_init_hook',
  'pre_run_hook',
  'post_run_hook',
];

type Data = ParserData | InvocationData;
type Payload = Readonly<Record<string, unknown>>;

export interface SlotRun<D extends Data = Data> {
  readonly slot: Slot;
  readonly hooks: readonly CommandHook<D>[];
  /** Changed by hooks and plugins. */
  readonly data: D;
  /** A block that only this command's hooks are in. */
  readonly scope: Scope;
  readonly emit: Operation['emit'];
}

/** Fires one slot: hooks of this process and plugins, in one plan. Throws what a hook threw, CommandExit included. */
export async function runSlot<D extends Data>({ slot, hooks, data, scope, emit }: SlotRun<D>): Promise<Outcome | undefined> {
  const hook = `coma.${slot}` as 'coma.run_hook';
  const mirror = new Mirror(slot, data);
  const thrown: unknown[] = [];
  const names = uniqueNames(hooks);
  for (const [index, run] of hooks.entries()) {
    const handler = async (payload: Payload): Promise<Answer | undefined> => {
      try {
        mirror.absorb(payload);
        takeReturned(data, await run(data), { slot, name: names[index] as string });
        const changes = mirror.changes();
        return changes === undefined ? undefined : { action: 'modify', changes };
      } catch (error) {
        if (error instanceof CommandExit && EXIT_SLOTS.includes(slot)) return exitAnswer(error);
        thrown.push(error);
        throw error;
      }
    };
    scope.on(hook, handler, { name: names[index] as string, timeoutMs: Number.POSITIVE_INFINITY });
  }
  if (!scope.has(hook)) return undefined;
  const outcome = (await emit(hook, mirror.payload as never)) as unknown as Outcome;
  if (thrown.length > 0) throw thrown[0];
  if (outcome.cause === 'failure' && names.includes(outcome.by)) {
    throw new HostError(outcome.violation.code as ErrorCode, outcome.violation.reason, { data: outcome.violation });
  }
  mirror.absorb(outcome.payload);
  return outcome;
}

function exitAnswer({ exitCode, message }: CommandExit): Answer {
  return { action: 'replace', value: { exit_code: exitCode, ...(message === '' ? {} : { message }) } };
}

/** Two handlers of one name could not be told apart in a trace. Default behaviour keeps its name: plugins stand before and after all of it. */
function uniqueNames(hooks: readonly AnyHook[]): string[] {
  const seen = new Map<string, number>();
  return hooks.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return name === 'default' || count === 1 ? name || 'handler' : `${name || 'handler'}-${count}`;
  });
}

function takeReturned(data: Data, returned: unknown, { slot, name }: { slot: Slot; name: string }): void {
  if (returned === undefined || returned === null || returned === data) return;
  const stray = typeof returned === 'object' ? Object.keys(returned).find((key) => !(key in data)) : '';
  if (stray === undefined) Object.assign(data, returned);
  else {
    const what = stray === '' ? `a ${typeof returned}` : `an object with "${stray}"`;
    const fields = Object.keys(data).join(', ');
    throw new HostError(
      'HANDLER_INVALID',
      `Cannot use what hook "${name}" returned in slot "${slot}": got ${what}; return nothing or any of ${fields}`,
    );
  }
}
