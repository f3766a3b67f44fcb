import { expect, test } from 'vitest';
import { REMEMBERED, RecentDurations } from '../../../../host/daemon/metrics/recent-durations.ts';

test('percentiles() is undefined when there is none', () => {
  expect(new RecentDurations().percentiles(0.5)).toBeUndefined();
});

test('percentiles() is exact, in whatever order they came', () => {
  const durations = new RecentDurations();
  for (let ms = 100; ms >= 1; ms--) durations.add(ms);
  expect(durations.percentiles(0.5, 0.99, 1)).toEqual([50, 99, 100]);
});

test('percentiles() forgets what is older than the latest', () => {
  const durations = new RecentDurations();
  durations.add(1_000_000);
  for (let count = 0; count < REMEMBERED; count++) durations.add(2);
  expect(durations.percentiles(0, 1)).toEqual([2, 2]);
});
