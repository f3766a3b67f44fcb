import type { Failure } from '../protocol/types.ts';
import type { LastExit, PluginState } from './types.ts';

/** How things stand with a plugin when a call arrives. */
export interface Situation {
  readonly plugin: string;
  readonly state: PluginState;
  readonly isClosed: boolean;
  /** Why no start will be tried, in state `refused`. */
  readonly refusal: Failure | undefined;
  /** Milliseconds until the next start is tried, in back-off and quarantine. */
  readonly nextStartMs: number | undefined;
  readonly lastExit: LastExit | undefined;
}

/** Why a call that can wait `waitMs` need not even wait; undefined when it may. */
export function refusalOf(situation: Situation, waitMs: number): Failure | undefined {
  const { plugin, state } = situation;
  const nextStartMs = situation.nextStartMs ?? 0;
  if (situation.isClosed) return stoppedFailure(plugin);
  if (state === 'refused') return situation.refusal;
  if ((state !== 'backoff' && state !== 'quarantined') || nextStartMs < waitMs) return undefined;
  const because = situation.lastExit === undefined ? '' : `; the last process ended so: ${situation.lastExit.message}`;
  const soon = Math.ceil(nextStartMs);
  if (state === 'backoff') {
    const message = `Cannot call plugin "${plugin}": it failed and is started again in ${soon} ms, later than the call may wait${because}`;
    return { code: 'PLUGIN_BACKING_OFF', message };
  }
  const message = `Cannot call plugin "${plugin}": it failed too often and is set aside for another ${soon} ms or until it is restarted by hand${because}`;
  return { code: 'PLUGIN_QUARANTINED', message };
}

export function stoppedFailure(plugin: string): Failure {
  return { code: 'PLUGIN_STOPPED', message: `Cannot get an answer from plugin "${plugin}": it was stopped` };
}

export function hungFailure(plugin: string, event: string | undefined): Failure {
  const what = event === undefined ? 'a request' : `event "${event}"`;
  const message = `Cannot get an answer from plugin "${plugin}": it did not let go of ${what} after its cancellation and was killed`;
  return { code: 'PLUGIN_HUNG', message };
}

/** `cause`: how the second process ended, when that was now. */
export function poisonFailure(plugin: string, event: string, cause?: Failure): Failure {
  const because = cause === undefined ? '' : `; the second time: ${cause.message}`;
  const message = `Cannot hand event "${event}" to plugin "${plugin}": its process died twice while it handled this event${because}`;
  return { code: 'EVENT_POISONED', message };
}
