import { expect, test } from 'vitest';
import { keysOf, pointerBelow } from '../../../host/protocol/json-pointer.ts';

test('keysOf() gives the keys that pointerBelow() was given, whatever is in them', () => {
  const keys = ['a', '', 'b/c', 'd~e', '~1', 'ü'];

  const pointer = keys.reduce(pointerBelow, '');

  expect(pointer).toBe('/a//b~1c/d~0e/~01/ü');
  expect(keysOf(pointer)).toEqual(keys);
  expect(keysOf('')).toEqual([]);
});
