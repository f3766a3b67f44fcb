import { expect, test } from 'vitest';
import { isDeeper } from '../../../host/protocol/is-deeper.ts';

test('isDeeper() stops at the depth it is asked about', () => {
  let value: unknown = 'leaf';
  for (let level = 0; level < 50_000; level++) value = [value];

  expect(isDeeper(value, 256)).toBe(true);
  expect(isDeeper([[1]], 2)).toBe(false);
  expect(isDeeper([[[1]]], 2)).toBe(true);
});
