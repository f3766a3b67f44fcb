import { expect, test } from 'vitest';
import { setMistakes, setsOf } from '../../../host/registry/sets.ts';

test('setsOf() puts the nearest set first, then the order of the file', () => {
  const sets = { outer: { sets: ['inner'] }, first: { plugins: ['a'] }, inner: { plugins: ['a'] }, other: { plugins: ['b'] } };
  expect(setsOf('a', sets).map(({ name }) => name)).toEqual(['first', 'inner', 'outer']);
});

test('setsOf() ends where sets go round in a circle', () => {
  const sets = { a: { plugins: ['x'], sets: ['b'] }, b: { sets: ['a'] } };
  expect(setsOf('x', sets).map(({ name }) => name)).toEqual(['a', 'b']);
});

test('setMistakes() names a circle of sets', () => {
  const issues = setMistakes({ a: { sets: ['b'] }, b: { sets: ['c'] }, c: { sets: ['a'] } }, []);
  expect(issues).toEqual([
    { severity: 'error', pointer: '/sets/a/sets', message: 'the sets hold each other in a circle: a → b → c → a; remove one of them' },
  ]);
});

test('setMistakes() says what an unknown name may have meant', () => {
  const issues = setMistakes({ security: { plugins: ['protct'], sets: ['secrity'] } }, ['protect']);
  expect(issues.map(({ severity, pointer, message }) => `${severity} ${pointer} ${message}`)).toEqual([
    'warning /sets/security/plugins/0 no plugin is called "protct"; did you mean "protect"?',
    'error /sets/security/sets/0 no set is called "secrity"; did you mean "security"?',
  ]);
});
