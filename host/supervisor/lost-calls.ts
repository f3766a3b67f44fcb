import type { Failure } from '../protocol/types.ts';
import type { CallLane } from './call-lane.ts';
import type { Job } from './job.ts';
import { poisonFailure } from './refusal.ts';
import type { DeathClass, HookCall } from './types.ts';

export interface Loss {
  readonly plugin: string;
  readonly death: DeathClass;
  readonly failure: Failure;
  /** Whether the call may wait for the next process. */
  readonly mayWait: (call: HookCall) => boolean;
}

/** What becomes of the calls that were in flight when a process died: poison, one more try, or the failure. */
export function settleLost(lane: CallLane, lost: readonly Job[], loss: Loss): void {
  const { plugin, death, failure, mayWait } = loss;
  const wasAsked = death === 'idle' || death === 'requested';
  // Who hung is known already; else every event that was in flight may have been the one.
  const blames = !wasAsked && death !== 'hung';
  const retried: Job[] = [];
  const failed: [Job, Failure][] = [];
  for (const job of lost) {
    const { event, idempotent } = job.call;
    if (blames && lane.suspects.blame(event)) failed.push([job, poisonFailure(plugin, event, failure)]);
    else if (!wasAsked && idempotent && job.attempt === 1 && mayWait(job.call)) retried.unshift(job);
    else failed.push([job, failure]);
  }
  // All are back in the queue before the first failure runs code of others.
  for (const job of retried) lane.retry(job, blames);
  for (const [job, why] of failed) lane.fail(job, why);
}
