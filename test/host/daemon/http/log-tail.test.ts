import { expect, test } from 'vitest';
import { LogTail } from '../../../../host/daemon/http/log-tail.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('tee() writes on, and keeps who said what with its reason', () => {
  const written: string[] = [];
  const tail = new LogTail();
  const log = tail.tee({ ...SILENT, warn: (message) => written.push(message) });

  log.warn('plugin exited', { plugin: 'a', reason: 'code 3', pid: 7 });

  expect(written).toEqual(['plugin exited']);
  expect(tail.latest()).toEqual([
    { number: 1, time: expect.stringMatching(/^\d{4}-.*Z$/), level: 'warn', message: 'plugin exited: code 3', plugin: 'a' },
  ]);
});

test('tee() keeps no line below its level, and only the beginning of a long one', () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT);

  log.debug('too much');
  log.info('x'.repeat(5000));

  expect(tail.latest().map(({ message }) => message)).toEqual([`${'x'.repeat(2000)}…`]);
});

const WORDS = { plugin: 'a', stream: 'log' } as const;

function lines({ lines: read }: { lines: readonly { message: string }[] }): string[] {
  return read.map(({ message }) => message);
}

test('tee() hears a plugin from the level that is set for it', () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT, (plugin) => (plugin === 'a' ? 'debug' : 'error'));

  log.debug('debug of a', WORDS);
  log.warn('warning of b', { ...WORDS, plugin: 'b' });
  log.debug('debug of the host about a', { plugin: 'a' });

  expect(tail.latest().map(({ message }) => message)).toEqual(['debug of a']);
});

test('read() has the latest lines about plugins, by name and level, and nothing about none', () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT);
  log.info('daemon serves');
  log.info('one', WORDS);
  log.warn('two', WORDS);
  log.info('three', { plugin: 'b', stream: 'stderr' });

  expect(lines(tail.read({}))).toEqual(['one', 'two', 'three']);
  expect(lines(tail.read({ plugins: ['a'], lines: 1 }))).toEqual(['two']);
  expect(lines(tail.read({ level: 'warn' }))).toEqual(['two']);
  expect(tail.read({ lines: 0 })).toEqual({ lines: [], next: 4, hasGap: false });
  expect(tail.read({ plugins: ['b'] }).lines[0]).toMatchObject({ plugin: 'b', stream: 'stderr', number: 4 });
});

test('read() goes on behind a line in turn, and says when what was behind it is gone', () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT);
  for (let number = 1; number <= 1000; number++) log.info(String(number), WORDS);

  const first = tail.read({ after: 600, lines: 2 });
  expect([lines(first), first.next, first.hasGap]).toEqual([['601', '602'], 602, false]);
  expect(tail.read({ after: 100, lines: 1 }).hasGap).toBe(true);
});

test('one plugin that talks much does not push out what another one said', () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT);
  log.info('rare', { ...WORDS, plugin: 'rare' });
  for (let number = 0; number < 5000; number++) log.info('noise', WORDS);

  expect(lines(tail.read({ plugins: ['rare'] }))).toEqual(['rare']);
  expect(tail.read({ lines: 10_000 }).lines.length).toBeLessThan(1002);
});

test('follow() waits for a line that is wanted, until the time is over or the signal aborts', async () => {
  const tail = new LogTail();
  const log = tail.tee(SILENT);
  const { signal } = new AbortController();
  const reading = tail.follow({ plugins: ['a'], after: 0, waitMs: 20_000 }, signal);
  log.info('of another one', { ...WORDS, plugin: 'b' });
  log.info('wanted', WORDS);

  expect(lines(await reading)).toEqual(['wanted']);
  expect(await tail.follow({ after: 2, waitMs: 1 }, signal)).toMatchObject({ lines: [], next: 2 });
  expect(await tail.follow({ after: 2, waitMs: 20_000 }, AbortSignal.abort())).toMatchObject({ lines: [] });
});
