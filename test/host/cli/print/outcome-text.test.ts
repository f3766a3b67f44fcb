import { expect, test } from 'vitest';
import { outcomeText, violationText } from '../../../../host/cli/print/outcome-text.ts';

test.each([
  [{ status: 'continued' }, 'continued'],
  [{ status: 'cancelled' }, 'cancelled'],
  [{ status: 'replaced', by: 'a' }, 'replaced by a'],
  [{ status: 'blocked', by: 'a' }, 'blocked by a'],
  [{ status: 'blocked', by: 'a', cause: 'failure' }, 'blocked because a failed'],
  [{ status: 'blocked' }, 'blocked by the host'],
] as const)('outcomeText(%j)', (outcome, text) => {
  expect(outcomeText(outcome).text).toBe(text);
});

test('outcomeText() shows a verdict whole, and of a failure what stands before the words of the plugin', () => {
  const violation = { code: 'X', reason: 'it failed; last lines of stderr:\n  one\n  two' };
  const text = (cause: 'failure' | 'verdict'): string => outcomeText({ status: 'blocked', by: 'a', cause, violation }).text;

  expect(text('failure')).toBe('blocked because a failed: it failed; last lines of stderr: … (X)');
  expect(text('verdict')).toBe('blocked by a: it failed; last lines of stderr:\\n  one\\n  two (X)');
});

test('violationText() escapes what a plugin wrote', () => {
  expect(violationText({ code: 'c\u0007', reason: 'r\n' })).toBe('r\\n (c\\x07)');
});
