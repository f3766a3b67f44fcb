import { expect, test } from 'vitest';
import { isPlain, jsonMistake } from '../../../host/dispatcher/json-mistake.ts';

const circle: Record<string, unknown> = {};
circle['self'] = circle;

const VALUES: [name: string, value: unknown, mistake: string | undefined][] = [
  ['null', null, undefined],
  ['a nested object', { a: [1, 'x', true, { b: null }] }, undefined],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), undefined],
  ['a key without a value', { a: undefined }, undefined],
  ['an item without a value', [undefined], 'it holds an undefined item, which is no JSON'],
  ['NaN', { a: Number.NaN }, 'it holds NaN, which is no JSON'],
  ['a bigint', { a: 1n }, 'it holds a bigint, which is no JSON'],
  ['a function', { a: () => 1 }, 'it holds a function, which is no JSON'],
  ['a symbol', Symbol('x'), 'it holds a symbol, which is no JSON'],
  ['a date', { a: new Date(0) }, 'it holds an object of class "Date", which is no JSON'],
  ['a map', new Map(), 'it holds an object of class "Map", which is no JSON'],
  ['an object that holds itself', circle, 'it is nested too deeply or holds itself'],
  ['more levels than allowed', [[[[[1]]]]], 'it is nested too deeply or holds itself'],
];

test.each(VALUES)('jsonMistake() of %s', (_, value, mistake) => {
  expect(jsonMistake(value, 4)).toBe(mistake);
});

test('isPlain() tells objects from instances and lists', () => {
  expect([{}, Object.create(null)].every(isPlain)).toBe(true);
  expect([[], null, 'x', new Date(), new (class A {})()].some(isPlain)).toBe(false);
});
