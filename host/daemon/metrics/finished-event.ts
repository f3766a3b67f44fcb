import type { Trace, TracedAnswer, TracedOutcome } from '@outrigger/schemas';
import type { Answered, EventRun } from '../../dispatcher/event-run.ts';
import type { ErrorCode } from '../../protocol/errors.ts';

/** One call of an event that is over. */
export interface FinishedCall {
  /** Plugin, or the name of an in-process handler. */
  readonly plugin: string;
  readonly status: TracedAnswer['status'];
  /** Why it failed. */
  readonly code?: ErrorCode;
  readonly startMs: number;
  readonly durationMs: number;
}

/** An event that is over, for those who watch a host: cheap to look at; the whole record is made when it is read. */
export interface FinishedEvent {
  readonly event: string;
  readonly hook: string;
  /** When it was fired, in milliseconds since 1970. */
  readonly time: number;
  readonly durationMs: number;
  readonly status: TracedOutcome['status'];
  /** Who decided. */
  readonly by?: string;
  readonly calls: readonly FinishedCall[];
  read(): Trace;
  /** The record as JSON, in one line. */
  text(): string;
}

/** How the record of an event is made. */
export type Reading = Pick<FinishedEvent, 'read' | 'text'>;

/** Called after each event, a moment after it ended; must be quick. */
export type EventWatcher = (event: FinishedEvent) => void;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function finishedEvent(run: EventRun, { read, text }: Reading): FinishedEvent {
  const { event, hook, time, durationMs, progress, cancelled, answers } = run;
  const finished: Writable<FinishedEvent> = {
    event,
    hook: hook.name,
    time,
    durationMs,
    status: cancelled === undefined ? progress.status : 'cancelled',
    calls: answers.map(finishedCall),
    read,
    text,
  };
  if (progress.by !== undefined) finished.by = progress.by;
  return finished;
}

function finishedCall({ participant, judgement, startMs, durationMs }: Answered): FinishedCall {
  const call: Writable<FinishedCall> = { plugin: participant.subscription.plugin, status: judgement.status, startMs, durationMs };
  if (judgement.status === 'failed') call.code = judgement.failure.code;
  return call;
}
