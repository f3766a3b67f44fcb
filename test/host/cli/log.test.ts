import { expect, test } from 'vitest';
import { makeLog } from '../../../host/cli/log.ts';
import { makePaint } from '../../../host/cli/print/paint.ts';
import type { LogLevel } from '../../../host/protocol/log-levels.ts';

function record(level: LogLevel, json: boolean): { lines: string[]; log: ReturnType<typeof makeLog> } {
  const lines: string[] = [];
  return { lines, log: makeLog({ level, json, paint: makePaint(false, {}), write: (text) => lines.push(text) }) };
}

test('makeLog() writes one line for people, with the reason and without the details', () => {
  const { lines, log } = record('warn', false);
  log.warn('plugin exited', { plugin: 'a', reason: 'code 3', pid: 7 });
  expect(lines).toEqual(['outrigger: [a] warning: plugin exited: code 3\n']);
});

test('makeLog() writes the details too at level debug', () => {
  const { lines, log } = record('debug', false);
  log.info('started', { plugin: 'a', pid: 7, how: 'cold' });
  expect(lines).toEqual(['outrigger: [a] started pid=7 how="cold"\n']);
});

test('makeLog() writes nothing below its level', () => {
  const { lines, log } = record('error', false);
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');
  expect(lines).toEqual(['outrigger: d\n']);
});

test('makeLog() lets no plugin forge a line or reach the terminal', () => {
  const { lines, log } = record('warn', false);
  log.warn('x\noutrigger: all is well\u001b[2J', { plugin: 'a\nb' });
  expect(lines).toEqual(['outrigger: [a\\nb] warning: x\n  | outrigger: all is well\\e[2J\n']);
});

test('makeLog() writes JSON lines whose message and level no field can replace', () => {
  const { lines, log } = record('warn', true);
  log.warn('m', { plugin: 'a', level: 'debug', message: 'n', n: 1 });
  expect(JSON.parse(lines[0] as string)).toEqual({ time: expect.stringMatching(/Z$/), level: 'warn', message: 'm', plugin: 'a', n: 1 });
});

test('makeLog() writes what a plugin says from its own level on, in place of that of the log', () => {
  const lines: string[] = [];
  const levelOf = (plugin: string): LogLevel | undefined => ({ loud: 'debug' as const, quiet: 'error' as const })[plugin];
  const log = makeLog({ level: 'warn', levelOf, json: false, paint: makePaint(false, {}), write: (text) => lines.push(text) });
  log.debug('a', { plugin: 'loud', stream: 'log' });
  log.warn('b', { plugin: 'quiet', stream: 'stderr' });
  log.info('c', { plugin: 'other', stream: 'log' });
  log.debug('d', { plugin: 'loud' });
  expect(lines).toEqual(['outrigger: [loud] a\n']);
});
