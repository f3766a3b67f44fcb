import { expect, test } from 'vitest';
import { type LogLevel, makeLog } from '../../../host/cli/log.ts';
import { makePaint } from '../../../host/cli/print/paint.ts';

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
