import { equal, twins } from '@outrigger/schemas/runtime';
import { expect, test } from 'vitest';

// As JSON.parse makes them: names of what objects inherit are keys like any other.
const hostile = (): unknown => JSON.parse('{"toString":1,"valueOf":2,"constructor":3,"__proto__":{"a":4}}');

test.each([
  ['texts', 'a', 'a', true],
  ['keys in another order', { a: 1, b: [2, null] }, { b: [2, null], a: 1 }, true],
  ['keys that objects inherit', hostile(), hostile(), true],
  ['one of them', JSON.parse('{"toString":1}'), JSON.parse('{"toString":2}'), false],
  ['a key that is inherited only', {}, JSON.parse('{"constructor":1}'), false],
  ['as many other keys', { a: undefined }, { b: undefined }, false],
  ['a list and an object', [1], { 0: 1 }, false],
  ['a shorter list', [1], [1, 2], false],
  ['null and an object', null, {}, false],
  ['a number and its text', 1, '1', false],
])('equal() compares %s', (_what, a, b, isEqual) => {
  expect(equal(a, b)).toBe(isEqual);
  expect(twins([a, b])).toEqual(isEqual ? [0, 1] : undefined);
});

test('twins() finds the first pair', () => {
  expect(twins([])).toBeUndefined();
  expect(twins([1, 'a', { x: [1] }, 'b', { x: [1] }, 'a'])).toEqual([2, 4]);
});

test('twins() takes no text for what it describes', () => {
  expect(twins(['[1]', [1], '{"a":1}', { a: 1 }, '1', 1, 'null', null, 'true', true, '"a', 'a', ['a'], ['"a"']])).toBeUndefined();
});

test('twins() finds a key of Object.prototype twice', () => {
  expect(twins(['__proto__', 'x', '__proto__'])).toEqual([0, 2]);
});
