import { expect, test } from 'vitest';
import { isoTime, makeEventId } from '../../../host/dispatcher/event-id.ts';

test('makeEventId() is unique, and sorts by time and within a millisecond', () => {
  const start = Date.now();
  const ids = Array.from({ length: 5000 }, (_, index) => makeEventId(start + Math.floor(index / 1000)));

  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});

test('makeEventId() stays unique and sorted when the clock is set back', () => {
  const now = Date.now() + 60_000;
  const ids = [now, now - 5, now, now - 5, now + 1].map(makeEventId);

  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});

test('isoTime() is the time in UTC, whatever was asked before', () => {
  expect([0, 0, 1_700_000_000_123].map(isoTime)).toEqual([
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.000Z',
    '2023-11-14T22:13:20.123Z',
  ]);
});
