import type { DeathClass } from './types.ts';

/** Every time that rules a plugin's life; milliseconds unless the name says otherwise. */
export interface Times {
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  /** Part of the delay by which it varies, up or down. */
  readonly backoffJitter: number;
  /** Failures inside `windowMs` that are borne; one more and the plugin is quarantined. */
  readonly failuresBorne: number;
  readonly windowMs: number;
  readonly cooldownMs: number;
  /** A process that lived this long wipes the count. */
  readonly healthyMs: number;
  /** Step of the stop ladder: `shutdown`, SIGTERM, SIGKILL. */
  readonly stopStepMs: number;
  /** How long output that is still in the pipes is read after an exit. */
  readonly lastWordsMs: number;
}

export const TIMES: Times = {
  backoffFirstMs: 100,
  backoffMaxMs: 30_000,
  backoffJitter: 0.2,
  failuresBorne: 5,
  windowMs: 60_000,
  cooldownMs: 300_000,
  healthyMs: 60_000,
  stopStepMs: 2_000,
  lastWordsMs: 100,
};

/** What is remembered of earlier deaths. */
export interface History {
  /** When it failed, inside the window. */
  readonly failures: readonly number[];
  /** When it ended cleanly with nothing to do, inside the window. */
  readonly cleanExits: readonly number[];
  /** Failures in a row; the exponent of the delay. */
  readonly streak: number;
  /** It runs on trial after a quarantine: the next failure brings it back there. */
  readonly onTrial: boolean;
}

export const NO_HISTORY: History = { failures: [], cleanExits: [], streak: 0, onTrial: false };

export interface Death {
  readonly death: DeathClass;
  readonly at: number;
  /** How long the process had been ready; 0 when it never was. */
  readonly readyMs: number;
  /** Nothing was in flight and nothing was queued. */
  readonly wasIdle: boolean;
}

export type Verdict =
  | { readonly state: 'stopped' | 'refused'; readonly history: History }
  | { readonly state: 'backoff' | 'quarantined'; readonly history: History; readonly delayMs: number };

/** What follows a death. Pure: `random` is a number from 0 to 1. */
export function afterDeath(history: History, death: Death, times: Times, random: number): Verdict {
  switch (death.death) {
    case 'idle':
    case 'requested':
      return { state: 'stopped', history: afterHealth(history, death, times) };
    case 'config':
    case 'declined':
      return { state: 'refused', history: NO_HISTORY };
    case 'clean':
      return afterCleanExit(afterHealth(history, death, times), death, times, random);
    case 'crash':
    case 'signal':
    case 'oom':
    case 'disk':
    case 'hung':
    case 'protocol':
    case 'start':
      return afterFailure(afterHealth(history, death, times), death, times, random);
  }
}

function afterHealth(history: History, death: Death, times: Times): History {
  if (death.readyMs >= times.healthyMs) return NO_HISTORY;
  const recent = (at: number): boolean => death.at - at < times.windowMs;
  const failures = history.failures.filter(recent);
  return { ...history, failures, cleanExits: history.cleanExits.filter(recent), streak: failures.length === 0 ? 0 : history.streak };
}

function afterCleanExit(history: History, death: Death, times: Times, random: number): Verdict {
  const cleanExits = [...history.cleanExits, death.at].slice(-times.failuresBorne - 1);
  const next = { ...history, cleanExits };
  const isHarmless = death.wasIdle && cleanExits.length <= times.failuresBorne;
  return isHarmless ? { state: 'stopped', history: next } : afterFailure(next, death, times, random);
}

function afterFailure(history: History, death: Death, times: Times, random: number): Verdict {
  const failures = [...history.failures, death.at];
  if (history.onTrial || failures.length > times.failuresBorne) {
    return { state: 'quarantined', history: { ...NO_HISTORY, onTrial: true }, delayMs: times.cooldownMs };
  }
  // A hung process was killed by us to be replaced; nothing says that a new one needs to wait.
  const delayMs = death.death === 'hung' ? 0 : backoffMs(history.streak, times, random);
  return { state: 'backoff', history: { ...history, failures, streak: history.streak + 1 }, delayMs };
}

function backoffMs(streak: number, times: Times, random: number): number {
  const jitter = 1 + times.backoffJitter * (2 * random - 1);
  return Math.min(times.backoffFirstMs * 2 ** streak, times.backoffMaxMs) * jitter;
}
