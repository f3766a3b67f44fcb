import { expect, test } from 'vitest';
import { fieldsToData, isRecord, toData } from '../../../../host/command/program/to-data.ts';

test('toData() keeps what is JSON, of instances too', () => {
  class Point {
    x = 1;
    at = new Date(0);
    #hidden = 2;
    get hidden(): number {
      return this.#hidden;
    }
  }
  expect(toData({ a: null, b: [true, 'x', 1.5], point: new Point() })).toEqual({
    a: null,
    b: [true, 'x', 1.5],
    point: { x: 1, at: '1970-01-01T00:00:00.000Z' },
  });
});

test('toData() leaves out what is none, and says what that was', () => {
  const circle: Record<string, unknown> = { name: 'c' };
  circle['self'] = circle;
  const skipped: string[] = [];
  const value = {
    run: () => 1,
    big: 1n,
    nan: Number.NaN,
    map: new Map(),
    day: new Date(Number.NaN),
    gone: undefined,
    list: [1, Symbol('x')],
    circle,
  };
  expect(toData(value, skipped)).toEqual({ list: [1, null], circle: { name: 'c' } });
  expect(skipped).toEqual(['/run', '/big', '/nan', '/map', '/day', '/list/1', '/circle/self']);
  expect(toData(() => 1, skipped)).toBeUndefined();
});

test('toData() ends where values are nested without end', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 10_000; level++) deep = [deep];
  expect(JSON.stringify(toData(deep)).length).toBeLessThan(300);
});

test('toData() keeps the key "__proto__" a key', () => {
  const data = toData(JSON.parse('{"__proto__": {"polluted": 1}}')) as object;
  expect(Object.keys(data)).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
});

test('toData() shows what stands at two places twice', () => {
  const shared = { x: 1 };
  expect(toData([shared, shared])).toEqual([{ x: 1 }, { x: 1 }]);
});

test('fieldsToData() is empty when there are no fields', () => {
  expect(fieldsToData(new Map([[1, 2]]))).toEqual({});
});

test.each([
  [{}, true],
  [new (class X {})(), true],
  [Object.create(null), true],
  [[], false],
  [new Map(), false],
  [null, false],
  [() => 1, false],
])('isRecord() of %o is %s', (value, expected) => {
  expect(isRecord(value)).toBe(expected);
});
