import { expect, test } from 'vitest';
import { configTypesOf, isClass } from '../../../../host/command/program/config-sources.ts';

class Model {
  layers = 2;
}

test('configTypesOf() takes classes, functions and objects of defaults, each made anew', () => {
  const types = configTypesOf({ model: Model, made: () => ({ x: [1] }), plain: { list: [1] } });
  expect(Object.values(types).map(({ id, type }) => `${id} ${type}`)).toEqual(['model Model', 'made made', 'plain Object']);
  expect(types['model']?.make()).toBeInstanceOf(Model);
  for (const { make } of Object.values(types)) {
    expect(make()).toEqual(make());
    expect(make()).not.toBe(make());
  }
  const plain = types['plain']?.make() as { list: number[] };
  plain.list.push(2);
  expect(types['plain']?.make()).toEqual({ list: [1] });
});

test('configTypesOf() names configs of a list by their classes, after those inherited', () => {
  const inherited = configTypesOf({ base: {} });
  expect(Object.keys(configTypesOf([Model], inherited))).toEqual(['base', 'model']);
});

test.each([
  [{ 'a-b': {} }, 'an id is a word'],
  [{ constructor: {} }, 'an id is a word'],
  [JSON.parse('{"__proto__": {}}'), 'an id is a word'],
  [{ base: {} }, 'the id is there already'],
  [{ x: 5 }, 'it must be a class, a function that makes an object, or an object of defaults'],
  [{ x: [1] }, 'it must be a class'],
  [[Model, Model], 'the id is there already'],
])('configTypesOf() refuses %j', (sources, message) => {
  expect(() => configTypesOf(sources, configTypesOf({ base: {} }))).toThrow(message);
});

test.each([
  [Model, true],
  [class extends Model {}, true],
  [() => 1, false],
  [
    function old() {
      return 1;
    },
    false,
  ],
  [async () => 1, false],
  [{}, false],
])('isClass() of %o is %s', (value, expected) => {
  expect(isClass(value)).toBe(expected);
});
