import { once } from 'node:events';
import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, logbook, statusOf, withHost } from './faults-host.ts';
import type { FloodReport } from './faults-host-process.ts';
import { withHostProcess } from './faults-script.ts';

test.each([
  { plugin: 'sixteen-mb-no-newline', code: 'PLUGIN_POLLUTED', cause: '10485760 bytes in one line' },
  { plugin: 'too-large-answer', code: 'MESSAGE_TOO_LARGE', cause: 'the limit is 10485760' },
  { plugin: 'huge-content-length', code: 'MESSAGE_TOO_LARGE', cause: 'a message has 100000000000000 bytes' },
])(
  'emit() refuses what plugin "$plugin" writes at the bound with $code; others are answered meanwhile',
  async ({ plugin, code, cause }) => {
    await withHost({ [plugin]: {}, 'adds-tag': {} }, {}, async (host) => {
      await host.emit('app.save', document('warm'));
      const { pid } = statusOf(host, plugin);
      let isSettled = false;
      const emitted = host.emit('app.save', document()).finally(() => {
        isSettled = true;
      });
      let meanwhile = 0;
      while (!isSettled) {
        expect((await host.emit('app.lookup', document())).payload.tags).toEqual(['good']);
        meanwhile++;
      }
      const outcome = await emitted;
      const next = await host.emit('app.save', document('fine'));

      expect(meanwhile).toBeGreaterThan(0);
      expect(answerOf(outcome, plugin)).toMatchObject({ status: 'failed', code, pid });
      expect(answerOf(outcome, plugin).message).toContain(cause);
      expect(outcome.payload.tags).toEqual(['good']);
      expect(answerOf(next, plugin).status).toBe('continued');
      expect(statusOf(host, plugin)).toMatchObject({ starts: 2, restarts: 1, lastExit: { death: 'protocol' } });
    });
  },
);

test('emit() finds the answer behind a message of negative length, which is counted', async () => {
  await withHost({ 'negative-content-length': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcomes = [await host.emit('app.save', document('first')), await host.emit('app.save', document('second'))];

    expect(outcomes.map((outcome) => answerOf(outcome, 'negative-content-length').metadata?.['title'])).toEqual(['first', 'second']);
    expect(outcomes.map(({ payload }) => payload.tags)).toEqual([['good'], ['good']]);
    expect(statusOf(host, 'negative-content-length')).toMatchObject({ starts: 1, connection: { invalidMessages: 2 } });
  });
});

test('emit() gets its answer out of a flood of 200 000 log records; each is passed on or counted as dropped', async () => {
  const { records, log } = logbook();
  await withHost({ 'floods-logs': {}, 'adds-tag': {} }, { log }, async (host) => {
    const outcome = await host.emit('app.save', document());
    const { pid } = answerOf(outcome, 'floods-logs');
    // A second answer behind the second half of the flood shows that all of it was read.
    await waitUntil(() => statusOf(host, 'floods-logs').connection.messagesIn === 200_002, 'the flood to be read');

    expect(answerOf(outcome, 'floods-logs').status).toBe('continued');
    expect(outcome.payload.tags).toEqual(['good']);
    const passed = records.filter(({ message, fields }) => message === 'la la la' && fields['pid'] === pid).length;
    const { connection, starts } = statusOf(host, 'floods-logs');
    expect(starts).toBe(1);
    expect(passed).toBeGreaterThan(0);
    expect(connection.logsDropped).toBeGreaterThan(100_000);
    expect(passed + connection.logsDropped).toBe(200_000);
  });
});

// 100 000 events of 1 kB are 100 MB. Of these the host may keep 17 MiB queued or written for the plugin, and 1 000 traces; measured are
// 50 MB. The heap of the host process is capped besides, so that a queue without a bound ends it.
const MAX_GROWTH_MB = 120;

async function floodOneThatDoesNotRead(hook: 'app.save' | 'app.saved'): Promise<FloodReport> {
  const reports: FloodReport[] = [];
  await withHostProcess('flood', hook, async (child, report) => {
    reports.push(report as FloodReport);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });
  return reports[0] as FloodReport;
}

test('100 000 calls of a plugin that stopped reading all settle, and the memory of the host stays bounded', async () => {
  const report = await floodOneThatDoesNotRead('app.save');

  expect(report).toMatchObject({ settled: 100_000, rejected: 0, meanwhile: 100, failed: 100_000, failOpens: 100_000 });
  expect(report.growthMb).toBeLessThan(MAX_GROWTH_MB);
});

test('100 000 notifications of a plugin that stopped reading are queued up to the bound, the rest is dropped and counted', async () => {
  const report = await floodOneThatDoesNotRead('app.saved');

  expect(report).toMatchObject({ settled: 100_000, rejected: 0, meanwhile: 100 });
  expect(report.dropped).toBeGreaterThan(90_000);
  expect([report.failed, report.failOpens]).toEqual([report.dropped, report.dropped]);
  expect(report.growthMb).toBeLessThan(MAX_GROWTH_MB);
});
