import { expect, test } from 'vitest';
import { lifeRecords } from '../../../host/journal/life-records.ts';
import type { LastExit, PluginStatus } from '../../../host/supervisor/types.ts';

const EXIT: LastExit = { time: '2026-01-02T03:04:05.678Z', death: 'crash', message: 'it ended with code 3', code: 3, stderr: ['oh', 'no'] };
const STOPPED = { name: 'one', state: 'stopped', pid: undefined, starts: 0, restarts: 0, lastExit: undefined } as PluginStatus;

test('lifeRecords() tells of start, readiness, exit with its reason, restart and quarantine, each once', () => {
  const starting = { ...STOPPED, state: 'starting', starts: 1 } as const;
  const ready = { ...starting, state: 'ready', pid: 7 } as const;
  const failed = { ...ready, state: 'backoff', lastExit: EXIT } as const;
  const again = { ...failed, state: 'starting', starts: 2, restarts: 1 } as const;
  const steps = [
    STOPPED,
    starting,
    ready,
    ready,
    failed,
    { ...failed, lastExit: { ...EXIT } },
    again,
    { ...again, state: 'quarantined' } as const,
  ];
  const records = steps.flatMap((step, place) => lifeRecords(steps[place - 1], step));
  expect(records).toEqual([
    { kind: 'start', plugin: 'one', message: 'started', data: { starts: 1, restarts: 0 } },
    { kind: 'ready', plugin: 'one', message: 'ready', data: { pid: 7 } },
    { kind: 'exit', plugin: 'one', message: 'it ended with code 3', data: { death: 'crash', code: 3, stderr: ['oh', 'no'] } },
    { kind: 'start', plugin: 'one', message: 'started again after a failure', data: { starts: 2, restarts: 1 } },
    { kind: 'quarantine', plugin: 'one', message: 'set aside: it failed too often', data: { restarts: 1 } },
  ]);
});
