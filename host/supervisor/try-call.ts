import type { ErrorCode } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import type { CallReply, HookCall, PluginHandle } from './types.ts';

export interface TryOptions {
  readonly next: PluginHandle;
  /** The version before, as long as it can take over. */
  readonly before: () => PluginHandle | undefined;
  /** What the call says about the new version: it is good, it is not, or nothing. Told before the call is settled with a failure. */
  readonly onEnd: (end: 'good' | 'nothing' | Failure) => void;
}

/** Failures that say nothing about the new version. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set(['EVENT_CANCELLED', 'EVENT_BUDGET_SPENT', 'PLUGIN_OVERLOADED', 'PLUGIN_STOPPED']);
/** Nobody waits any more. */
const OVER: ReadonlySet<ErrorCode> = new Set(['EVENT_CANCELLED', 'EVENT_BUDGET_SPENT']);

/** Sends a call to a new version on trial. Where that doubles nothing, one that fails is handed to the version before. The result cancels it. */
export function tryCall(call: HookCall, { next, before, onEnd }: TryOptions): (reason: Failure) => void {
  let cancel: ((reason: Failure) => void) | undefined;
  const settle = (reply: CallReply): unknown => {
    if (reply.ok) {
      const isUsable = call.settle(reply) !== false;
      onEnd(isUsable ? 'good' : unusable(next.name));
      return isUsable;
    }
    const { failure, pid, attempts } = reply;
    const isSent = pid !== undefined;
    const other = OVER.has(failure.code) || (isSent && !call.idempotent) ? undefined : before();
    onEnd(NOT_ITS_FAULT.has(failure.code) ? 'nothing' : failure);
    if (other === undefined) return call.settle(reply);
    const earlier = isSent ? attempts : 0;
    cancel = other.invoke(copyOf(call, (later) => call.settle({ ...later, attempts: later.attempts + earlier })));
    return undefined;
  };
  // One chance: a second one on a fresh process would hide that the first failed.
  const cancelNext = next.invoke({ ...copyOf(call, settle), idempotent: false });
  return (reason) => (cancel ?? cancelNext)(reason);
}

function copyOf({ event, hook, shared, state, timeoutMs, deadline, idempotent }: HookCall, settle: HookCall['settle']): HookCall {
  return { event, hook, shared, state, timeoutMs, deadline, idempotent, settle };
}

function unusable(plugin: string): Failure {
  return { code: 'ANSWER_INVALID', message: `Cannot use the answer of the new version of plugin "${plugin}"` };
}
