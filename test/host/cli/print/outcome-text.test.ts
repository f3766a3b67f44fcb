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

test('violationText() escapes what a plugin wrote', () => {
  expect(violationText({ code: 'c\u0007', reason: 'r\n' })).toBe('r\\n (c\\x07)');
});
