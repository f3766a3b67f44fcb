import { expect, test } from 'vitest';
import { frozenCopy } from '../../../host/dispatcher/frozen-copy.ts';

test('frozenCopy() cannot be changed at any depth and leaves the original alone', () => {
  const value = { list: [{ a: 1 }], inner: { text: 'x' } };

  const { copy } = frozenCopy(value);

  expect(copy).toEqual(value);
  expect(() => copy.list.push({ a: 2 })).toThrow(TypeError);
  expect(() => Object.assign(copy.list[0] ?? {}, { a: 2 })).toThrow(TypeError);
  expect(() => Object.assign(copy.inner, { more: 1 })).toThrow(TypeError);
  value.inner.text = 'y';
  expect(copy.inner.text).toBe('x');
});

test('frozenCopy() keeps a key "__proto__" a key', () => {
  const { copy } = frozenCopy(JSON.parse('{"__proto__": {"a": 1}}'));

  expect(JSON.stringify(copy)).toBe('{"__proto__":{"a":1}}');
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

test('frozenCopy() throws for a value that holds itself', () => {
  const value: Record<string, unknown> = {};
  value['self'] = value;

  expect(() => frozenCopy(value)).toThrow(RangeError);
});

test('frozenCopy() tells how much there is', () => {
  expect(frozenCopy({ text: 'x'.repeat(10_000) }).bytes).toBeGreaterThan(10_000);
  expect(frozenCopy({ text: 'x' }).bytes).toBeLessThan(100);
});
