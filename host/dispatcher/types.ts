import type { EventContext, OutcomeSummary, Trace, Violation } from '@outrigger/schemas';

/** What the application gets back from one event. */
export interface Outcome<P = Record<string, unknown>, R = unknown> {
  readonly event: string;
  readonly hook: string;
  /** `continued`: go on with `payload`; `blocked`: stop, `violation` says why; `replaced`: skip the operation, use `value`. */
  readonly status: 'continued' | 'blocked' | 'replaced';
  /** The payload as the last plugin left it. */
  readonly payload: P;
  /** Plugin that blocked or replaced. */
  readonly by: string | undefined;
  /** Why it was blocked: a plugin’s verdict, or a plugin’s failure under `onFailure: fail`. */
  readonly cause: 'verdict' | 'failure' | undefined;
  readonly violation: Violation | undefined;
  readonly value: R | undefined;
  readonly retryAfterMs: number | undefined;
  /** The record of the event; made when first read. */
  readonly trace: Trace;
}

export interface EmitOptions {
  /** Cancels the event: calls in flight are cancelled and emit() rejects with EVENT_CANCELLED. */
  readonly signal?: AbortSignal;
  /** W3C trace context to pass on to plugins. */
  readonly traceparent?: string;
}

/** What an in-process handler is told beside the payload. */
export interface HandlerContext {
  readonly event: string;
  readonly hook: string;
  readonly context: EventContext;
  /** What this handler returned as `state` earlier in the operation. */
  readonly state: unknown;
  /** What became of the event; only for `fire_and_forget`. */
  readonly outcome?: OutcomeSummary | undefined;
  /** Aborted when the answer is not needed any more. */
  readonly signal: AbortSignal;
}
