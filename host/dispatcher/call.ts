import type { Timers } from '../process/timers.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { smallWeight } from '../protocol/json-weight.ts';
import type { Failure } from '../protocol/types.ts';
import type { CallReply, HookCall } from '../supervisor/types.ts';
import type { AnswerRoom } from './answer-room.ts';
import { callHandler } from './call-handler.ts';
import type { Answered, EventRun } from './event-run.ts';
import { isLarge, KeptAnswer, keptWeight } from './kept-answer.ts';
import { CONTINUED, type Judgement, judge } from './merge.ts';
import { MAX_STATE_BYTES } from './operations.ts';
import type { Participant } from './plan.ts';
import { type Hidden, hiddenFrom } from './redact.ts';

/** What a call needs from the host. */
export interface CallDeps {
  readonly timers: Timers;
  readonly room: AnswerRoom;
}

interface At extends CallDeps {
  readonly stage: number;
}

/** Failures that say nothing about the plugin’s health. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set(['EVENT_BUDGET_SPENT', 'PLUGIN_OVERLOADED', 'PLUGIN_STOPPED']);

/**
 * Asks one participant. Never rejects: a crash, a timeout or a malformed answer is a `failed` judgement. A handler that answers at
 * once is not waited for. Throws PAYLOAD_INVALID, before anything has begun, when the application's payload is no JSON.
 */
export function callPlugin(participant: Participant, run: EventRun, at: At): Answered | Promise<Answered> {
  run.prepare(participant);
  const { operation } = run.origin;
  const { plugin } = participant.subscription;
  // A plugin that fires an event inside one it handles would wait for itself.
  if (!run.hook.ordered || operation === undefined || run.isInside(plugin)) return ask(participant, run, at);
  return operation.inOrder(plugin, async (earlier) => {
    if (earlier !== undefined) await myTurn(earlier, run, at.timers);
    return ask(participant, run, at);
  });
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

function ask(participant: Participant, run: EventRun, at: At): Answered | Promise<Answered> {
  const { handler, subscription } = participant;
  const asking: Asking = {
    participant,
    run,
    at,
    startMs: run.elapsed(),
    payload: run.progress.payload,
    hidden: hiddenOf(participant, run),
  };
  const refusal = refuse(asking);
  if (refusal !== undefined) return finish(asking, refusal);
  run.occupy(subscription.plugin);
  if (handler === undefined) return new Promise((resolve) => new Call(asking).invoke(resolve));
  const reply = callHandler(handler, { subscription, run, timers: at.timers });
  return reply instanceof Promise ? reply.then((late) => take(asking, late)) : take(asking, reply);
}

/** One participant, asked about one event. */
interface Asking {
  readonly participant: Participant;
  readonly run: EventRun;
  readonly at: At;
  readonly startMs: number;
  readonly payload: Record<string, unknown>;
  readonly hidden: Hidden | undefined;
}

function hiddenOf({ handler, subscription }: Participant, { hook }: EventRun): Hidden | undefined {
  return handler === undefined ? hiddenFrom(hook, subscription.sees) : undefined;
}

type Given = CallReply & { readonly ok: true };

/** What the supervisor gets to send for one that is a plugin, and where it says how that went. */
class Call implements HookCall {
  readonly event: string;
  readonly hook: string;
  readonly shared: string;
  readonly state: string | undefined;
  readonly timeoutMs: number;
  readonly idempotent: boolean;
  readonly #asking: Asking;
  #resolve: ((answered: Answered) => void) | undefined;
  #cancel: ((reason: Failure) => void) | undefined;

  constructor(asking: Asking) {
    const { run, participant } = asking;
    const { plugin, timeoutMs } = participant.subscription;
    this.event = run.event;
    this.hook = run.hook.name;
    this.shared = run.sharedWithout(asking.hidden);
    this.state = run.origin.operation?.states.get(plugin);
    this.timeoutMs = timeoutMs;
    this.idempotent = run.hook.idempotent;
    this.#asking = asking;
  }

  /** Handlers may put it off while this waits. */
  get deadline(): number {
    return this.#asking.run.deadline;
  }

  invoke(resolve: (answered: Answered) => void): void {
    const { participant, run } = this.#asking;
    const { plugin, subscription } = participant;
    if (plugin === undefined) throw new TypeError('a participant has either a plugin or a handler');
    this.#resolve = resolve;
    const cancel = plugin.invoke(this);
    // Only these are ever called off; the others need not be remembered.
    if (this.#resolve === undefined || (run.origin.signal === undefined && subscription.mode !== 'concurrent')) return;
    this.#cancel = cancel;
    run.cancels.add(cancel);
  }

  settle(reply: CallReply): boolean {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    if (this.#cancel !== undefined) this.#asking.run.cancels.delete(this.#cancel);
    const answered = take(this.#asking, reply);
    resolve?.(answered);
    return answered.judgement.status !== 'failed';
  }
}

/** What the reply means. */
function take(asking: Asking, reply: CallReply): Answered {
  const { participant, run, at } = asking;
  const { plugin } = participant.subscription;
  const refusal = reply.ok && isKept(reply) ? hold(reply, asking) : undefined;
  const judgement =
    refusal ?? (reply.ok ? asKept(keepState(run, participant, judgeAnswer(asking, reply)), reply, run) : failedReply(reply.failure));
  if (refusal === undefined) weigh(participant, judgement, at.timers);
  // It was its answer there was no room for, but others had taken that.
  else participant.breaker.released();
  run.release(plugin);
  return finish(asking, judgement, reply);
}

/** Of the others nothing is left when they were taken; what a handler answers is the application’s own. */
function isKept({ answer, bytes }: Given): boolean {
  return bytes > 0 && answer !== null && answer !== undefined;
}

/** Counts what the answer takes until the event is over, and in its record; the result is why it cannot be kept. */
function hold({ bytes, weight = smallWeight(bytes) }: Given, { participant, run, at }: Asking): Judgement | undefined {
  const failure = at.room.take(weight, participant.subscription.plugin);
  if (failure !== undefined) return { status: 'failed', failure };
  run.weight += weight;
  run.held += weight;
  return undefined;
}

/** The record of a large answer is its text. */
function asKept(judgement: Judgement, { text, bytes, weight = smallWeight(bytes) }: Given, run: EventRun): Judgement {
  if (judgement.status !== 'continued' || judgement.given === undefined || judgement.would !== undefined) return judgement;
  if (!isLarge(judgement.given, text)) return judgement;
  run.weight += keptWeight(text, bytes) - weight;
  return { status: 'continued', given: new KeptAnswer(judgement.given, text) };
}

function judgeAnswer({ participant, run, payload, hidden }: Asking, { answer, bytes }: Given): Judgement {
  if (answer === undefined || answer === null) return CONTINUED;
  return judge({ hook: run.hook, mode: participant.subscription.mode, payload, hidden }, answer, bytes);
}

/** Without a reply: it was not even asked. */
function finish({ participant, run, at, startMs }: Asking, judgement: Judgement, reply?: CallReply): Answered {
  return {
    participant,
    stage: at.stage,
    judgement,
    startMs,
    durationMs: run.elapsed() - startMs,
    attempts: reply?.attempts ?? 0,
    pid: reply?.pid,
    coldStart: reply?.ok === true && reply.coldStart,
  };
}

/** Why the participant is not even asked. */
function refuse({ participant, run, at, startMs }: Asking): Judgement | undefined {
  const { breaker, subscription } = participant;
  const { plugin, mode } = subscription;
  // Decided or cancelled while it waited for its turn.
  if (run.cancelled !== undefined || (mode === 'concurrent' && run.isOver)) return { status: 'cancelled' };
  // A reading of the clock costs as much as a promise: most events need none here.
  if (startMs >= run.leastMs && at.timers.now() >= run.deadline) {
    const message = `Cannot ask "${plugin}": the ${run.hook.budgetMs} ms of "${run.hook.name}" are over${mostBy(run)}`;
    return { status: 'failed', failure: { code: 'EVENT_BUDGET_SPENT', message } };
  }
  if (breaker.isClosed || breaker.admits(at.timers.now())) return undefined;
  const message = `Cannot ask "${plugin}" about "${run.hook.name}": its circuit breaker is open after repeated failures`;
  return { status: 'failed', failure: { code: 'PLUGIN_BREAKER_OPEN', message } };
}

/** Who took the time, so that the one that came too late is not blamed for it. */
function mostBy({ answers }: EventRun): string {
  const [slowest] = answers.toSorted((a, b) => b.durationMs - a.durationMs);
  return slowest === undefined ? '' : `: "${slowest.participant.subscription.plugin}" took ${Math.round(slowest.durationMs)} ms`;
}

function failedReply(failure: Failure): Judgement {
  return failure.code === 'EVENT_CANCELLED' ? { status: 'cancelled' } : { status: 'failed', failure };
}

/** Tells the breaker what the judgement says about the plugin’s health; a verdict is never a failure. */
function weigh({ breaker, subscription }: Participant, judgement: Judgement, timers: Timers): void {
  if (judgement.status === 'cancelled') breaker.released();
  else if (judgement.status !== 'failed') breaker.succeeded();
  else if (NOT_ITS_FAULT.has(judgement.failure.code)) breaker.released();
  else breaker.failed(timers.now(), subscription.onFailure === 'disable');
}

function keepState(run: EventRun, participant: Participant, judgement: Judgement): Judgement {
  if (judgement === CONTINUED || !('given' in judgement) || judgement.given?.state === undefined) return judgement;
  const text = JSON.stringify(judgement.given.state);
  if (Buffer.byteLength(text) > MAX_STATE_BYTES) {
    const message = `Cannot keep the state of "${participant.subscription.plugin}": it is larger than ${MAX_STATE_BYTES} bytes of JSON`;
    return { status: 'failed', failure: { code: 'ANSWER_INVALID', message } };
  }
  run.origin.operation?.states.set(participant.subscription.plugin, text);
  return judgement;
}
