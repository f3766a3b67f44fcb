import type { OutcomeSummary, Trace } from '@outrigger/schemas';
import type { Timers } from '../process/timers.ts';
import { HostError } from '../protocol/errors.ts';
import { check } from '../protocol/validator.ts';
import type { AnswerRoom } from './answer-room.ts';
import { dispatch } from './dispatch.ts';
import { EventRun, type Origin } from './event-run.ts';
import { fillIn } from './fill-in.ts';
import { matching } from './filters.ts';
import { inWords } from './merge.ts';
import type { Plan } from './plan.ts';
import { concealing } from './redact.ts';
import { type OnError, tell } from './tell.ts';
import { isFailOpen, makeTrace } from './trace.ts';
import type { FailOpen, Outcome, OutcomeBase } from './types.ts';

/** What the dispatcher needs from the rest of the host; wired once in `daemon/host.ts`. */
export interface EmitContext {
  readonly timers: Timers;
  /** What answers may take while their events are under way. */
  readonly room: AnswerRoom;
  /** Somebody may be looking at a plugin with a debugger: events have no budget. */
  readonly isInspecting: boolean;
  /** Called when an event begins, so that `hook/emit` can find its parent. */
  readonly begin: (run: EventRun) => void;
  /** Called when an in-process `fire_and_forget` handler throws, after the event is over. */
  readonly backgroundError: OnError;
  /** Takes secrets out of a trace before anybody sees it. */
  readonly shown: (trace: Trace) => Trace;
  /** Called with the finished record: traces, counters. */
  readonly record: (run: EventRun) => void;
}

/** The life of one event, top to bottom. Rejects with PAYLOAD_INVALID, EVENT_CANCELLED or HOST_STOPPED; a plugin’s failure never rejects. */
export async function emit(plan: Plan, payload: Record<string, unknown>, at: { origin: Origin; context: EmitContext }): Promise<Outcome> {
  const { origin, context } = at;
  const run = new EventRun(plan, payload, { origin, now: context.timers.now(), hasBudget: !context.isInspecting });
  fillIn(run);
  validate(plan, run.progress.payload);
  const stopListening = onAbort(run);
  let thrown: EventRun['thrown'];
  context.begin(run);
  try {
    const waiting = dispatch(run, context);
    if (waiting !== undefined) await waiting;
    if (run.cancelled === undefined && plan.background.length > 0) {
      tell(run, matching(plan.background, run.progress.payload), { outcome: summary(run), onError: context.backgroundError });
    }
  } finally {
    stopListening();
    run.finish();
    context.room.free(run.held);
    context.record(run);
    thrown = run.thrown;
    run.thrown = undefined;
  }
  if (run.cancelled !== undefined) throw new HostError(run.cancelled.code, run.cancelled.message);
  return new EventOutcome(run, { shown: context.shown, thrown }) as OutcomeBase<Record<string, unknown>> as Outcome;
}

function validate(plan: Plan, payload: unknown): void {
  const issues = check(plan.hook.validatePayload, payload, concealing(plan.hook.sensitive?.payload));
  if (issues !== undefined) {
    throw new HostError('PAYLOAD_INVALID', `Cannot emit "${plan.hook.name}": ${inWords(issues, 'the payload')}`, { data: issues });
  }
}

function onAbort(run: EventRun): () => void {
  const { signal } = run.origin;
  if (signal === undefined) return nothing;
  const message = `Cannot finish "${run.hook.name}": the caller cancelled event "${run.event}"`;
  const cancel = (): void => run.cancel({ code: 'EVENT_CANCELLED', message });
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

function nothing(): void {}

function summary({ progress }: EventRun): OutcomeSummary {
  const { payload: _, retryAfterMs: __, ...rest } = progress;
  return rest;
}

/** Reads like `Outcome`; what must be made is made when it is asked for. */
class EventOutcome implements OutcomeBase<Record<string, unknown>> {
  readonly event: string;
  readonly hook: string;
  readonly status: Outcome['status'];
  readonly payload: Record<string, unknown>;
  readonly by: string | undefined;
  readonly cause: Outcome['cause'];
  readonly violation: Outcome['violation'];
  readonly value: unknown;
  readonly retryAfterMs: number | undefined;
  readonly thrown: OutcomeBase<Record<string, unknown>>['thrown'];
  readonly #run: EventRun;
  readonly #shown: EmitContext['shown'];

  constructor(run: EventRun, { shown, thrown }: Pick<EmitContext, 'shown'> & Pick<EventRun, 'thrown'>) {
    const { status, payload, by, cause, violation, value, retryAfterMs } = run.progress;
    this.event = run.event;
    this.hook = run.hook.name;
    this.status = status;
    this.payload = payload;
    this.by = by;
    this.cause = cause;
    this.violation = violation;
    this.value = value;
    this.retryAfterMs = retryAfterMs;
    this.thrown = thrown;
    this.#run = run;
    this.#shown = shown;
  }

  get failOpens(): FailOpen[] {
    // Test runners that show a difference read from copies, which have no record.
    if (!(#run in this)) return [];
    return this.#run.answers.flatMap((answered) => {
      const { judgement, participant } = answered;
      const isOpen = judgement.status === 'failed' && isFailOpen(answered);
      return isOpen ? [{ plugin: participant.subscription.plugin, code: judgement.failure.code }] : [];
    });
  }

  get trace(): Trace {
    return #run in this ? this.#shown(makeTrace(this.#run)) : (undefined as never);
  }

  toJSON(): object {
    const { event, hook, status, payload, by, cause, violation, value, retryAfterMs, failOpens } = this;
    return { event, hook, status, payload, by, cause, violation, value, retryAfterMs, failOpens };
  }
}
