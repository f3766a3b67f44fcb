import type { EventContext, OutcomeSummary, Trace, Violation } from '@outrigger/schemas';
import type { ErrorCode } from '../protocol/errors.ts';
import type { CancelSignal } from '../protocol/types.ts';

/** A plugin that failed, and the event went on without it. */
export interface FailOpen {
  readonly plugin: string;
  readonly code: ErrorCode;
}

/** What a handler of the application’s own threw, stack and all. It stays in this process: no trace, plugin or client is told more than its message. */
export interface Thrown {
  readonly handler: string;
  readonly error: unknown;
}

/** What every outcome has. */
export interface OutcomeBase<P> {
  /** Id of the event; empty when nobody listened. */
  readonly event: string;
  readonly hook: string;
  /** The payload as the last plugin left it. */
  readonly payload: P;
  /** Plugins that failed without stopping the event. */
  readonly failOpens: readonly FailOpen[];
  /** What handlers of the application’s own threw; undefined: none did. */
  readonly thrown?: readonly Thrown[] | undefined;
  /** The record of the event; made when first read. */
  readonly trace: Trace;
}

/** Go on with `payload`. */
export interface Continued {
  readonly status: 'continued';
  readonly by?: undefined;
  readonly cause?: undefined;
  readonly violation?: undefined;
  readonly value?: undefined;
  readonly retryAfterMs?: undefined;
}

/** Stop; `violation` says why. */
export interface Blocked {
  readonly status: 'blocked';
  /** Plugin that blocked. */
  readonly by: string;
  /** A plugin’s verdict, or a plugin’s failure under `onFailure: fail`. */
  readonly cause: 'verdict' | 'failure';
  readonly violation: Violation;
  readonly value?: undefined;
  /** When trying again could succeed, as the plugin said. */
  readonly retryAfterMs?: number | undefined;
}

/** Skip the operation and use `value` as its result. */
export interface Replaced<R> {
  readonly status: 'replaced';
  /** Plugin that answered. */
  readonly by: string;
  readonly cause?: undefined;
  readonly violation?: undefined;
  readonly value: R;
  readonly retryAfterMs?: undefined;
}

/** What the application gets back from one event; `status` tells which. */
export type Outcome<P = Record<string, unknown>, R = unknown> = OutcomeBase<P> & (Continued | Blocked | Replaced<R>);

export interface EmitOptions {
  /** Cancels the event: calls in flight are cancelled and emit() rejects with EVENT_CANCELLED. */
  readonly signal?: CancelSignal;
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
