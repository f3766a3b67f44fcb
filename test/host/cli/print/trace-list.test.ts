import type { Trace } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { makePaint } from '../../../../host/cli/print/paint.ts';
import { traceLine, traceList } from '../../../../host/cli/print/trace-list.ts';

const style = { paint: makePaint(false, {}), columns: undefined };
const TRACE: Trace = {
  event: 'e1',
  hook: 'conda.pre_command',
  time: '2026-01-02T03:04:05.678Z',
  durationMs: 12.34,
  depth: 0,
  plan: [],
  answers: [
    { plugin: 'env', mode: 'sequential', stage: 0, status: 'modified', startMs: 0, durationMs: 1 },
    { plugin: 'shadow', mode: 'audit', stage: 1, status: 'continued', startMs: 0, durationMs: 1, would: { action: 'block' } },
    { plugin: 'dead', mode: 'audit', stage: 1, status: 'failed', failOpen: true, startMs: 0, durationMs: 1 },
  ],
  skipped: [],
  outcome: { status: 'continued', changed: [] },
};
const WHO = 'env modified, shadow would block, dead failed open';

test('traceList() gives one line an event below a line of titles', () => {
  const lines = traceList([TRACE, { ...TRACE, event: 'e20' }], style).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toBe(`2026-01-02T03:04:05.678Z  e1     conda.pre_command  12.3  continued  ${WHO}`);
});

test('traceLine() gives the same without a table around it', () => {
  expect(traceLine(TRACE, style)).toBe(`2026-01-02T03:04:05.678Z  e1  conda.pre_command  12.3  continued  ${WHO}`);
});
