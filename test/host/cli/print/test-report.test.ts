import { expect, test } from 'vitest';
import { exchangedLine, testReport } from '../../../../host/cli/print/test-report.ts';
import type { Report } from '../../../../host/conformance/types.ts';

const plain = (_tone: string, text: string): string => text;
const report: Report = {
  plugin: 'mine',
  level: 0,
  why: 'level 0 was asked for',
  ok: false,
  passed: 1,
  failed: 1,
  notClaimed: 1,
  durationMs: 1234,
  findings: [
    { id: 'W1', level: 0, text: 'answers', status: 'pass', durationMs: 1 },
    {
      id: 'W10',
      level: 0,
      text: 'takes',
      status: 'fail',
      durationMs: 1,
      reason: 'no',
      exchange: [{ from: 'plugin', atMs: 5, text: '{}' }],
    },
    { id: 'H1', level: 1, text: 'hears', status: 'not-claimed', durationMs: 0, reason: 'above level 0' },
  ],
};

test('testReport() has a line for each requirement, and the exchange below a failure', () => {
  expect(testReport(report, plain).split('\n')).toEqual([
    'mine at level 0: level 0 was asked for',
    '',
    'pass  W1   answers',
    'FAIL  W10  takes',
    '      no',
    '          5 ms ← {}',
    '–     H1   hears (above level 0)',
    '',
    '1 passed, 1 failed, 1 not claimed, in 1.2 s',
  ]);
});

test('exchangedLine() cuts what is long, and lets no escape sequence of a plugin through', () => {
  const line = exchangedLine({ from: 'note', atMs: 0, text: `\u001b]0;title\u0007${'x'.repeat(1000)}` }, plain);

  expect(line).not.toContain('\u001b');
  expect(line.length).toBeLessThan(450);
});
