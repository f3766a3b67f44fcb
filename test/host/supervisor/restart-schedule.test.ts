import { expect, test } from 'vitest';
import { Timers } from '../../../host/process/timers.ts';
import { TIMES } from '../../../host/supervisor/restart-policy.ts';
import { RestartSchedule } from '../../../host/supervisor/restart-schedule.ts';
import { waitUntil } from '../../support/wait-until.ts';

function makeSchedule(backoffFirstMs: number): { schedule: RestartSchedule; rested: () => number } {
  let count = 0;
  const onRested = (): void => {
    count++;
  };
  const times = { ...TIMES, backoffFirstMs };
  return { schedule: new RestartSchedule({ times, timers: new Timers(), random: () => 0.5, onRested }), rested: () => count };
}

test('judge() plans the next start and calls when it is due', async () => {
  const { schedule, rested } = makeSchedule(500);

  expect(schedule.judge('crash', undefined, false)).toMatchObject({ state: 'backoff', delayMs: 500 });

  expect(schedule.nextStartMs).toBeGreaterThan(0);
  await waitUntil(() => rested() === 1, 'the wait to be over');
  expect(schedule.nextStartMs).toBeUndefined();
});

test('judge() plans nothing after a harmless end', () => {
  const { schedule } = makeSchedule(20);

  expect(schedule.judge('idle', 0, true).state).toBe('stopped');

  expect(schedule.nextStartMs).toBeUndefined();
});

test('cancel() drops the plan and keeps the history, forgive() drops both', async () => {
  const { schedule, rested } = makeSchedule(20);
  const control = makeSchedule(60);
  schedule.judge('crash', undefined, false);
  schedule.cancel();
  expect(schedule.judge('crash', undefined, false)).toMatchObject({ delayMs: 40 });
  schedule.forgive();

  control.schedule.judge('crash', undefined, false);
  await waitUntil(() => control.rested() === 1, 'a later plan to be due');

  expect([rested(), schedule.nextStartMs]).toEqual([0, undefined]);
  expect(schedule.judge('crash', undefined, false)).toMatchObject({ delayMs: 20 });
  schedule.cancel();
});
