import { expect, test } from 'vitest';
import { refusalOf } from '../../../host/registry/trust.ts';

test('refusalOf() lets a fully trusted plugin run', () => {
  expect(refusalOf('x', 'full', true)).toBeUndefined();
});

test('refusalOf() tells how to trust a plugin that is listed, and one that was merely found', () => {
  expect(refusalOf('x', 'none', true)).toMatch(/^plugins\.x\.trust is none .* set trust: full/);
  expect(refusalOf('x', 'none', false)).toMatch(/add it to "plugins" with trust: full/);
});
