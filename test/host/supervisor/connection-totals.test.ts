import { expect, test } from 'vitest';
import type { ConnectionStats } from '../../../host/process/types.ts';
import { ConnectionTotals } from '../../../host/supervisor/connection-totals.ts';

const NUMBERS = [
  ...['messagesIn', 'messagesOut', 'bytesIn', 'bytesOut', 'pollutionLines', 'invalidMessages'],
  ...['lateReplies', 'unknownReplies', 'logsDropped', 'servicesRefused'],
];
const stats = (first: number, pollutionSample?: string): ConnectionStats =>
  ({ ...Object.fromEntries(NUMBERS.map((name, index) => [name, first + index])), pollutionSample }) as unknown as ConnectionStats;

test('with() adds every counter of ended connections to those of the one in use', () => {
  const totals = new ConnectionTotals();
  totals.add(stats(100, 'debug'));
  totals.add(stats(10, 'later'));

  const sum = totals.with(stats(1));

  expect(NUMBERS.map((name) => sum[name as keyof ConnectionStats])).toEqual(NUMBERS.map((_, index) => 111 + 3 * index));
  expect(sum.pollutionSample).toBe('debug');
});

test('with() of nothing in use is what ended so far', () => {
  const totals = new ConnectionTotals();
  expect(totals.with(undefined)).toMatchObject({ messagesIn: 0, pollutionSample: undefined });

  totals.add(stats(1));

  expect(totals.with(undefined)).toMatchObject({ messagesIn: 1 });
});
