import { expect, test } from 'vitest';
import { afterDeath, type Death, type History, NO_HISTORY, TIMES, type Verdict } from '../../../host/supervisor/restart-policy.ts';
import type { DeathClass } from '../../../host/supervisor/types.ts';

const dead = (death: DeathClass, at = 0, more: Partial<Death> = {}): Death => ({ death, at, readyMs: 0, wasIdle: false, ...more });

/** Verdicts of deaths, one after another. */
function live(deaths: readonly Death[], random = 0.5): Verdict[] {
  let history: History = NO_HISTORY;
  return deaths.map((death) => {
    const verdict = afterDeath(history, death, TIMES, random);
    history = verdict.history;
    return verdict;
  });
}

const delays = (verdicts: readonly Verdict[]): (number | undefined)[] =>
  verdicts.map((verdict) => ('delayMs' in verdict ? verdict.delayMs : undefined));

test.for([
  ['idle', 'stopped'],
  ['requested', 'stopped'],
  ['clean', 'backoff'],
  ['crash', 'backoff'],
  ['signal', 'backoff'],
  ['oom', 'backoff'],
  ['hung', 'backoff'],
  ['protocol', 'backoff'],
  ['start', 'backoff'],
  ['config', 'refused'],
  ['declined', 'refused'],
] as const)('afterDeath() of class "%s" in the middle of work: %s', ([death, state]) => {
  expect(live([dead(death)])[0]?.state).toBe(state);
});

test('afterDeath() doubles the delay from 100 ms and quarantines at the sixth failure in 60 s', () => {
  const verdicts = live([0, 1, 2, 3, 4, 5].map((second) => dead('crash', second * 1000)));

  expect(delays(verdicts)).toEqual([100, 200, 400, 800, 1600, 300_000]);
  expect(verdicts.at(-1)?.state).toBe('quarantined');
});

test('afterDeath() keeps the delay under 30 s', () => {
  const history: History = { failures: [1], cleanExits: [], streak: 12, onTrial: false };

  expect(delays([afterDeath(history, dead('crash', 2), TIMES, 0.5)])).toEqual([30_000]);
});

test('afterDeath() varies the delay by 20 % either way', () => {
  expect(delays(live([dead('crash')], 0))).toEqual([80]);
  expect(delays(live([dead('crash')], 1))).toEqual([120]);
});

test('afterDeath() forgets failures older than 60 s', () => {
  const verdicts = live([0, 1, 2, 3, 4, 100].map((second) => dead('crash', second * 1000)));

  expect(delays(verdicts).slice(-2)).toEqual([1600, 100]);
});

test('afterDeath() wipes the count after 60 s of health', () => {
  const verdicts = live([dead('crash', 0), dead('crash', 1), dead('crash', 61_000, { readyMs: 60_000 })]);

  expect(delays(verdicts)).toEqual([100, 200, 100]);
});

test('afterDeath() replaces a hung process at once, and counts it', () => {
  const verdicts = live([0, 1, 2, 3, 4, 5].map((at) => dead('hung', at)));

  expect(delays(verdicts)).toEqual([0, 0, 0, 0, 0, 300_000]);
});

test('afterDeath() takes a clean exit without work for harmless, five times a minute', () => {
  const verdicts = live([0, 1, 2, 3, 4, 5].map((second) => dead('clean', second * 1000, { wasIdle: true })));

  expect(verdicts.map((verdict) => verdict.state)).toEqual(['stopped', 'stopped', 'stopped', 'stopped', 'stopped', 'backoff']);
});

test('afterDeath() brings a plugin on trial back to quarantine at its next failure, unless it was healthy', () => {
  const crashes = [0, 1, 2, 3, 4, 5].map((at) => dead('crash', at));

  expect(live([...crashes, dead('crash', 400_000)]).at(-1)?.state).toBe('quarantined');
  expect(live([...crashes, dead('crash', 400_000, { readyMs: 60_000 })]).at(-1)?.state).toBe('backoff');
});
