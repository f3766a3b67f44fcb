import type { Trace, TracedAnswer, TracedOutcome } from '@outrigger/schemas';
import type { EventRun } from '../../dispatcher/event-run.ts';
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
}

/** Called after each event, in the turn in which it ends; must be quick. */
export type EventWatcher = (event: FinishedEvent) => void;

export function finishedEvent(run: EventRun, read: () => Trace): FinishedEvent {
  const { by } = run.progress;
  return {
    event: run.event,
    hook: run.hook.name,
    time: run.time,
    durationMs: run.durationMs,
    status: run.cancelled === undefined ? run.progress.status : 'cancelled',
    ...(by === undefined ? {} : { by }),
    calls: run.answers.map(({ participant, judgement, startMs, durationMs }) => ({
      plugin: participant.subscription.plugin,
      status: judgement.status,
      ...(judgement.status === 'failed' ? { code: judgement.failure.code } : {}),
      startMs,
      durationMs,
    })),
    read,
  };
}
