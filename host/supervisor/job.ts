import type { Connection, OutgoingCall } from '../process/connection.ts';
import type { Timer } from '../process/timers.ts';
import type { Reply } from '../process/types.ts';
import type { Place } from './bounded-queue.ts';
import type { HookCall } from './types.ts';

export interface JobOptions {
  /** False: neither timeout nor deadline counts. */
  readonly isTimed: boolean;
  readonly isSuspect: boolean;
  readonly onReply: (job: Job, reply: Reply) => void;
}

/** One hook call between `invoke()` and `settle()`. */
export class Job implements OutgoingCall {
  readonly method = 'hook/invoke';
  readonly call: HookCall;
  attempt = 1;
  /** It was in flight when a process died: the next time it is sent alone, so that blame falls on the right one. */
  isSuspect: boolean;
  /** It waited for a process to start. */
  coldStart = false;
  place: Place<Job | string> | undefined;
  timer: Timer | undefined;
  /** Where it was sent, and under which number. */
  line: Line | undefined;
  id = 0;
  isSettled = false;
  readonly #isTimed: boolean;
  readonly #onReply: JobOptions['onReply'];

  constructor(call: HookCall, { isTimed, isSuspect, onReply }: JobOptions) {
    this.call = call;
    this.isSuspect = isSuspect;
    this.#isTimed = isTimed;
    this.#onReply = onReply;
  }

  get event(): string {
    return this.call.event;
  }

  get shared(): string {
    return this.call.shared;
  }

  get state(): string | undefined {
    return this.call.state;
  }

  get timeoutMs(): number {
    return this.#isTimed ? this.call.timeoutMs : Number.POSITIVE_INFINITY;
  }

  get deadline(): number {
    return this.#isTimed ? this.call.deadline : Number.POSITIVE_INFINITY;
  }

  settle(reply: Reply): void {
    this.#onReply(this, reply);
  }
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
