import { expect, test } from 'vitest';
import { PacedReport, REPORTS_PER_SECOND } from '../../../host/process/paced-report.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('PacedReport lets some pass, and tells how many did not', () => {
  const dropped: number[] = [];
  const report = new PacedReport((count) => dropped.push(count));
  const passed = Array.from({ length: REPORTS_PER_SECOND + 5 }, () => report.passes()).filter(Boolean);

  expect([passed.length, dropped]).toEqual([REPORTS_PER_SECOND, []]);
  report.flush();
  expect([dropped, report.passes()]).toEqual([[5], true]);
  report.flush();
  expect(dropped).toEqual([5]);
});

test('PacedReport starts anew by itself after a second', async () => {
  const dropped: number[] = [];
  const report = new PacedReport((count) => dropped.push(count));
  for (let made = 0; made <= REPORTS_PER_SECOND; made++) report.passes();

  await waitUntil(() => dropped.length > 0, 'the number of what was dropped');

  expect([dropped, report.passes()]).toEqual([[1], true]);
});
