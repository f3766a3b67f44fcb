import type { Timers } from '../process/timers.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import type { CallReply, PluginHandle } from '../supervisor/types.ts';
import { callHandler } from './call-handler.ts';
import type { Answered, EventRun } from './event-run.ts';
import { type Judgement, judge } from './merge.ts';
import { MAX_STATE_BYTES } from './operations.ts';
import type { Participant } from './plan.ts';

interface At {
  readonly stage: number;
  readonly timers: Timers;
}

/** Failures that say nothing about the plugin’s health. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set(['EVENT_BUDGET_SPENT', 'PLUGIN_OVERLOADED', 'PLUGIN_STOPPED']);

const LOCAL_ANSWER = { pid: undefined, coldStart: false, attempts: 1 };

/**
 * Asks one participant. Never rejects: a crash, a timeout or a malformed answer is a `failed` judgement.
 * Throws PAYLOAD_INVALID, before anything has begun, when the application's payload is no JSON.
 */
export function callPlugin(participant: Participant, run: EventRun, at: At): Promise<Answered> {
  run.prepare(participant);
  const { operation } = run.origin;
  const { plugin } = participant.subscription;
  // A plugin that fires an event inside one it handles would wait for itself.
  if (!run.hook.ordered || operation === undefined || run.isInside(plugin)) return ask(participant, run, at);
  return operation.inOrder(plugin, (earlier) =>
    earlier === undefined ? ask(participant, run, at) : myTurn(earlier, run, at.timers).then(() => ask(participant, run, at)),
  );
}

/** Resolves when the earlier calls have settled, or when there is no sense in waiting any longer. */
function myTurn(earlier: Promise<unknown>, run: EventRun, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timers.cancel(timer);
      run.cancels.delete(done);
      resolve();
    };
    const timer = timers.after(run.deadline - timers.now(), done);
    run.cancels.add(done);
    void earlier.then(done);
  });
}

function ask(participant: Participant, run: EventRun, { stage, timers }: At): Promise<Answered> {
  const { subscription, breaker, plugin, handler } = participant;
  const startMs = run.elapsed();
  const finish = (judgement: Judgement, by: Pick<Answered, 'pid' | 'coldStart' | 'attempts'> = LOCAL_ANSWER): Answered => {
    run.busy.delete(subscription.plugin);
    return { participant, stage, judgement, startMs, durationMs: run.elapsed() - startMs, ...by };
  };
  const refusal = refuse(participant, run, timers.now());
  if (refusal !== undefined) return Promise.resolve(finish(refusal));
  const asked = { hook: run.hook, mode: subscription.mode, payload: run.progress.payload };
  run.busy.add(subscription.plugin);

  const settled = (reply: CallReply): Answered => {
    if (reply.ok) run.weight += reply.bytes;
    const judgement = keepState(run, participant, reply.ok ? judge(asked, reply.answer, reply.bytes) : failedReply(reply.failure));
    weigh(breaker, judgement, { now: timers.now(), trip: subscription.onFailure === 'disable' });
    return finish(judgement, { pid: reply.pid, coldStart: reply.ok && reply.coldStart, attempts: reply.attempts });
  };
  if (handler !== undefined) return callHandler(handler, { subscription, run, timers }).then(settled);
  if (plugin === undefined) throw new TypeError('a participant has either a plugin or a handler');
  return new Promise((resolve) => invoke(plugin, participant, { run, settle: (reply) => resolve(settled(reply)) }));
}

function invoke(plugin: PluginHandle, { subscription }: Participant, by: { run: EventRun; settle: (reply: CallReply) => void }): void {
  const { run } = by;
  let isSettled = false;
  let cancel: ((reason: Failure) => void) | undefined;
  const invoked = plugin.invoke({
    event: run.event,
    hook: run.hook.name,
    shared: run.shared,
    state: run.origin.operation?.states.get(subscription.plugin),
    timeoutMs: subscription.timeoutMs,
    deadline: run.deadline,
    idempotent: run.hook.idempotent,
    settle: (reply) => {
      isSettled = true;
      if (cancel !== undefined) run.cancels.delete(cancel);
      by.settle(reply);
    },
  });
  // Only these are ever called off; the others need not be remembered.
  if (isSettled || (run.origin.signal === undefined && subscription.mode !== 'concurrent')) return;
  cancel = invoked;
  run.cancels.add(invoked);
}

/** Why the participant is not even asked. */
function refuse({ breaker, subscription }: Participant, run: EventRun, now: number): Judgement | undefined {
  const { plugin, mode } = subscription;
  // Decided or cancelled while it waited for its turn.
  if (run.cancelled !== undefined || (mode === 'concurrent' && run.isOver)) return { status: 'cancelled' };
  if (now >= run.deadline) {
    const message = `Cannot ask "${plugin}": the ${run.hook.budgetMs} ms of "${run.hook.name}" are over`;
    return { status: 'failed', failure: { code: 'EVENT_BUDGET_SPENT', message } };
  }
  if (breaker.admits(now)) return undefined;
  const message = `Cannot ask "${plugin}" about "${run.hook.name}": its circuit breaker is open after repeated failures`;
  return { status: 'failed', failure: { code: 'PLUGIN_BREAKER_OPEN', message } };
}

function failedReply(failure: Failure): Judgement {
  return failure.code === 'EVENT_CANCELLED' ? { status: 'cancelled' } : { status: 'failed', failure };
}

/** Tells the breaker what the judgement says about the plugin’s health; a verdict is never a failure. */
function weigh(breaker: Participant['breaker'], judgement: Judgement, at: { now: number; trip: boolean }): void {
  if (judgement.status === 'cancelled') breaker.released();
  else if (judgement.status !== 'failed') breaker.succeeded();
  else if (NOT_ITS_FAULT.has(judgement.failure.code)) breaker.released();
  else breaker.failed(at.now, at.trip);
}

function keepState(run: EventRun, participant: Participant, judgement: Judgement): Judgement {
  if (!('given' in judgement) || judgement.given?.state === undefined) return judgement;
  const text = JSON.stringify(judgement.given.state);
  if (Buffer.byteLength(text) > MAX_STATE_BYTES) {
    const message = `Cannot keep the state of "${participant.subscription.plugin}": it is larger than ${MAX_STATE_BYTES} bytes of JSON`;
    return { status: 'failed', failure: { code: 'ANSWER_INVALID', message } };
  }
  run.origin.operation?.states.set(participant.subscription.plugin, text);
  return judgement;
}
