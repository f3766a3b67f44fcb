import type { Connection } from '../process/connection.ts';
import type { Timer } from '../process/timers.ts';
import type { Place } from './bounded-queue.ts';
import type { HookCall } from './types.ts';

/** One hook call between `invoke()` and `settle()`. */
export interface Job {
  readonly call: HookCall;
  attempt: number;
  /** It was in flight when a process died: the next time it is sent alone, so that blame falls on the right one. */
  isSuspect: boolean;
  /** It waited for a process to start. */
  coldStart: boolean;
  place: Place<Job | string> | undefined;
  timer: Timer | undefined;
  /** Where it was sent, and under which number. */
  sent: { readonly line: Line; readonly id: number } | undefined;
  isSettled: boolean;
}

/** A connection to a process that is ready. */
export interface Line {
  readonly connection: Connection;
  readonly pid: number | undefined;
}

/** Bytes a queued call keeps. */
export function sizeOf(call: HookCall): number {
  return Buffer.byteLength(call.shared) + (call.state === undefined ? 0 : Buffer.byteLength(call.state));
}
