import { expect, test } from 'vitest';
import { compileMatch, matchGlob } from '../../../host/registry/match.ts';

test.each([
  ['git', 'git', true],
  ['git', 'gitk', false],
  ['git*', 'gitk', true],
  ['*', '', true],
  ['?', '', false],
  ['?', '🦀', true],
  ['??', '🦀', false],
  ['a*b*c', 'a--b--b--c', true],
  ['a*b*c', 'a--c--b', false],
  ['*.py', 'x.py', true],
  ['*ab', 'aab', true],
  ['a.c', 'abc', false],
])('matchGlob() of %j on %j is %j', (pattern, text, expected) => {
  expect(matchGlob(pattern, text)).toBe(expected);
});

test('matchGlob() agrees with a regular expression on short texts', () => {
  const texts = ['', 'a', 'b', 'aa', 'ab', 'ba', 'bb', 'aba', 'bab', 'aab', 'abab'];
  const patterns = ['', '*', '?', 'a*', '*a', '?a', 'a?', '*a*', 'a*b', '*ab', 'a*a*', '?*?', '**b', '*b?'];
  const expected = (pattern: string) => new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  for (const pattern of patterns)
    for (const text of texts) expect([pattern, text, matchGlob(pattern, text)]).toEqual([pattern, text, expected(pattern).test(text)]);
});

test('matchGlob() of many stars does not go exponential', () => {
  expect(matchGlob(`${'a*'.repeat(120)}b`, 'a'.repeat(50_000))).toBe(false);
});

test.each([
  ['no rules', undefined, {}, true],
  ['all fields of a rule must match', [{ command: 'git', cwd: '/x' }], { command: 'git', cwd: '/y' }, false],
  ['one alternative is enough', [{ command: 'git' }, { command: 'rm' }], { command: 'rm' }, true],
  ['one value of several is enough', [{ command: ['git', 'r*'] }], { command: 'rm' }, true],
  ['a list matches by one item', [{ errorClasses: 'Conda*' }], { errorClasses: ['OSError', 'CondaError'] }, true],
  ['an empty list matches nothing', [{ args: '*' }], { args: [] }, false],
  ['numbers match exactly', [{ code: 1 }], { code: 1 }, true],
  ['a number is not its text', [{ code: '1' }], { code: 1 }, false],
  ['null matches null', [{ code: null }], { code: null }, true],
  ['null does not match a missing field', [{ code: null }], {}, false],
  ['a pointer goes inside', [{ '/error/code': 'E*' }], { error: { code: 'ENOENT' } }, true],
  ['a pointer may name an item', [{ '/args/0': 'push' }], { args: ['push'] }, true],
  ['escapes of pointers are undone', [{ '/a~1b': 1 }], { 'a/b': 1 }, true],
  ['a dot is part of a name', [{ 'error.code': 1 }], { 'error.code': 1 }, true],
  ['what is inherited is no field', [{ '/constructor/name': 'Object' }], {}, false],
  ['a payload that is no object', [{ command: 'git' }], 'git', false],
])('compileMatch() %s', (_, rules, payload, expected) => {
  expect(compileMatch(rules)(payload)).toBe(expected);
});

test('matchGlob() takes a hostile pattern for a match instead of taking long', () => {
  const pattern = `*${'a'.repeat(240)}b`;
  expect(matchGlob(pattern, 'a'.repeat(100_000))).toBe(true);
  expect(matchGlob(pattern, `${'ab'.repeat(200)}c`)).toBe(false);
});
