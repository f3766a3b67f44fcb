import { expect, test } from 'vitest';
import { makePaint } from '../../../../host/cli/print/paint.ts';

const RED = '\u001b[31mx\u001b[39m';

test.each([
  ['a terminal', true, {}, RED],
  ['a pipe', false, {}, 'x'],
  ['NO_COLOR on a terminal', true, { NO_COLOR: '1' }, 'x'],
  ['an empty NO_COLOR, which says nothing', true, { NO_COLOR: '' }, RED],
  ['FORCE_COLOR on a pipe', false, { FORCE_COLOR: '1' }, RED],
  ['FORCE_COLOR=0 on a terminal', true, { FORCE_COLOR: '0' }, 'x'],
  ['FORCE_COLOR against NO_COLOR', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, RED],
  ['a dumb terminal', true, { TERM: 'dumb' }, 'x'],
])('makePaint() on %s', (_case, isTerminal, env, expected) => {
  expect(makePaint(isTerminal, env)('bad', 'x')).toBe(expected);
});

test('makePaint() leaves plain text plain on a terminal', () => {
  expect(makePaint(true, {})('plain', 'x')).toBe('x');
});
