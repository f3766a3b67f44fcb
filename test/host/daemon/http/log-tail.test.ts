import { expect, test } from 'vitest';
import { LogTail } from '../../../../host/daemon/http/log-tail.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('tee() writes on, and keeps who said what with its reason', () => {
  const written: string[] = [];
  const tail = new LogTail();
  const log = tail.tee({ ...SILENT, warn: (message) => written.push(message) });

  log.warn('plugin exited', { plugin: 'a', reason: 'code 3', pid: 7 });

  expect(written).toEqual(['plugin exited']);
  expect(tail.lines.latest()).toEqual([
    { number: 1, time: expect.stringMatching(/^\d{4}-.*Z$/), level: 'warn', message: 'plugin exited: code 3', plugin: 'a' },
  ]);
});

test('tee() keeps no line below its level, and only the beginning of a long one', () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT);

  log.debug('too much');
  log.info('x'.repeat(5000));

  expect(tail.lines.latest().map(({ message }) => message)).toEqual([`${'x'.repeat(2000)}…`]);
});
