import type { Trace } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { makePaint } from '../../../../host/cli/print/paint.ts';
import { milliseconds, traceTable } from '../../../../host/cli/print/trace-table.ts';

const style = { paint: makePaint(false, {}), columns: undefined };
const plan = (plugin: string, mode: Trace['plan'][number]['mode'], stage: number) => ({ plugin, mode, stage, priority: 50, why: [] });
const answer = (plugin: string, mode: Trace['plan'][number]['mode'], stage: number) => ({
  plugin,
  mode,
  stage,
  startMs: 0,
  durationMs: 1.234,
});

const TRACE: Trace = {
  event: 'e1',
  hook: 'conda.pre_command',
  time: '2026-01-02T03:04:05.678Z',
  durationMs: 12.34,
  operation: 'op1',
  depth: 0,
  plan: [
    plan('env', 'sequential', 0),
    plan('late', 'sequential', 1),
    plan('shadow', 'audit', 2),
    plan('dead', 'audit', 2),
    plan('off', 'audit', 2),
    plan('never', 'concurrent', 3),
  ],
  answers: [
    {
      ...answer('env', 'sequential', 0),
      status: 'modified',
      coldStart: true,
      changes: [
        { pointer: '/env/A', op: 'add', to: '1' },
        { pointer: '/args/0', op: 'replace', from: 'x\u001b[2J', to: null },
      ],
    },
    { ...answer('late', 'sequential', 1), status: 'modified', changes: [{ pointer: '/env/A', op: 'remove', from: '1' }] },
    {
      ...answer('shadow', 'audit', 2),
      status: 'continued',
      would: { action: 'block', violation: { code: 'no', reason: 'not here' } },
      metadata: { rule: 'a\u001b[2J', seen: 3 },
    },
    { ...answer('dead', 'audit', 2), status: 'failed', code: 'PLUGIN_EXITED', message: 'gone', failOpen: true, durationMs: 123.4 },
  ],
  skipped: [{ plugin: 'off', reason: 'match', message: 'the payload does not match' }],
  outcome: { status: 'continued', changed: [{ pointer: '/env/A', by: ['env', 'late'] }] },
};

test('traceTable() prints the whole record in plan order', () => {
  expect(traceTable(TRACE, style)).toBe(`conda.pre_command  e1
2026-01-02T03:04:05.678Z  12.3 ms  operation op1
continued

#  plugin  mode          ms  decision     what
1  env     sequential  1.23  modified     /env/A: – → "1"
                                          /args/0: "x\\u001b[2J" → null
                                          its process was started for this call
2  late    sequential  1.23  modified     /env/A: "1" → –
3  shadow  audit       1.23  would block  not here (no)
                                          rule: a\\e[2J
                                          seen: 3
3  dead    audit        123  failed open  PLUGIN_EXITED: gone
3  off     audit             skipped      the payload does not match
4  never   concurrent        not reached
/env/A was changed by env, then late: the last one won`);
});

test('traceTable() says who blocked, and whether by a verdict or a failure', () => {
  const outcome = { status: 'blocked', by: 'p', cause: 'verdict', violation: { code: 'c', reason: 'why' }, changed: [] } as const;
  const text = (more: object): string =>
    traceTable({ ...TRACE, outcome: { ...outcome, changed: [], ...more } }, style).split('\n')[2] ?? '';
  expect(text({})).toBe('blocked by p: why (c)');
  expect(text({ cause: 'failure' })).toBe('blocked because p failed: why (c)');
});

test('traceTable() says so when nobody listened', () => {
  const text = traceTable({ ...TRACE, plan: [], answers: [], skipped: [], outcome: { status: 'continued', changed: [] } }, style);
  expect(text).toContain('no plugin hears this hook point');
});

test.each([
  [0.001, '0.00'],
  [9.876, '9.88'],
  [12.34, '12.3'],
  [1234.5, '1235'],
])('milliseconds(%d) is %s', (ms, text) => {
  expect(milliseconds(ms)).toBe(text);
});
