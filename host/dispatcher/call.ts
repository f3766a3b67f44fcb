import type { Timers } from '../process/timers.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { smallWeight } from '../protocol/json-weight.ts';
import type { Failure } from '../protocol/types.ts';
import type { CallReply, HookCall } from '../supervisor/types.ts';
import { callHandler } from './call-handler.ts';
import type { Answered, EventRun } from './event-run.ts';
import { type Judgement, judge } from './merge.ts';
import { MAX_STATE_BYTES } from './operations.ts';
import type { Participant } from './plan.ts';
import { type Hidden, hiddenFrom } from './redact.ts';

interface At {
  readonly stage: number;
  readonly timers: Timers;
}

/** Failures that say nothing about the plugin’s health. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set(['EVENT_BUDGET_SPENT', 'PLUGIN_OVERLOADED', 'PLUGIN_STOPPED']);

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

function ask(participant: Participant, run: EventRun, at: At): Promise<Answered> {
  const call = new Call(participant, run, at);
  const refusal = refuse(participant, run, at.timers.now());
  if (refusal !== undefined) return Promise.resolve(call.finish(refusal));
  run.busy.push(participant.subscription.plugin);
  if (participant.handler !== undefined) {
    return callHandler(participant.handler, { subscription: participant.subscription, run, timers: at.timers }).then((reply) =>
      call.take(reply),
    );
  }
  return new Promise((resolve) => call.invoke(resolve));
}

/** One participant asked about one event: what the supervisor gets to send, and what its reply means. */
class Call implements HookCall {
  readonly shared: string;
  readonly state: string | undefined;
  readonly #participant: Participant;
  readonly #run: EventRun;
  readonly #at: At;
  readonly #startMs: number;
  readonly #payload: Record<string, unknown>;
  readonly #hidden: Hidden | undefined;
  #resolve: ((answered: Answered) => void) | undefined;
  #cancel: ((reason: Failure) => void) | undefined;

  constructor(participant: Participant, run: EventRun, at: At) {
    this.#participant = participant;
    this.#run = run;
    this.#at = at;
    this.#startMs = run.elapsed();
    this.#payload = run.progress.payload;
    this.state = run.origin.operation?.states.get(participant.subscription.plugin);
    this.#hidden = participant.handler === undefined ? hiddenFrom(run.hook, participant.subscription.sees) : undefined;
    this.shared = participant.handler === undefined ? run.sharedWithout(this.#hidden) : '';
  }

  get event(): string {
    return this.#run.event;
  }

  get hook(): string {
    return this.#run.hook.name;
  }

  get timeoutMs(): number {
    return this.#participant.subscription.timeoutMs;
  }

  get deadline(): number {
    return this.#run.deadline;
  }

  get idempotent(): boolean {
    return this.#run.hook.idempotent;
  }

  invoke(resolve: (answered: Answered) => void): void {
    const { plugin, subscription } = this.#participant;
    if (plugin === undefined) throw new TypeError('a participant has either a plugin or a handler');
    this.#resolve = resolve;
    const cancel = plugin.invoke(this);
    // Only these are ever called off; the others need not be remembered.
    if (this.#resolve === undefined || (this.#run.origin.signal === undefined && subscription.mode !== 'concurrent')) return;
    this.#cancel = cancel;
    this.#run.cancels.add(cancel);
  }

  settle(reply: CallReply): boolean {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    if (this.#cancel !== undefined) this.#run.cancels.delete(this.#cancel);
    const answered = this.take(reply);
    resolve?.(answered);
    return answered.judgement.status !== 'failed';
  }

  take(reply: CallReply): Answered {
    const run = this.#run;
    const { subscription, breaker } = this.#participant;
    if (reply.ok) run.weight += reply.weight ?? smallWeight(reply.bytes);
    const asked = { hook: run.hook, mode: subscription.mode, payload: this.#payload, hidden: this.#hidden };
    const judgement = keepState(run, this.#participant, reply.ok ? judge(asked, reply.answer, reply.bytes) : failedReply(reply.failure));
    weigh(breaker, judgement, { now: this.#at.timers.now(), trip: subscription.onFailure === 'disable' });
    const place = run.busy.lastIndexOf(subscription.plugin);
    if (place >= 0) run.busy.splice(place, 1);
    return this.finish(judgement, reply);
  }

  /** Without a reply: it was not even asked. */
  finish(judgement: Judgement, reply?: CallReply): Answered {
    return {
      participant: this.#participant,
      stage: this.#at.stage,
      judgement,
      startMs: this.#startMs,
      durationMs: this.#run.elapsed() - this.#startMs,
      attempts: reply?.attempts ?? 1,
      pid: reply?.pid,
      coldStart: reply?.ok === true && reply.coldStart,
    };
  }
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
