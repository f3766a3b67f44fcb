import { expect, test } from 'vitest';
import { cutToWidth, displayWidth, wrapToWidth } from '../../../../host/cli/print/display-width.ts';

test.each([
  ['plain', 5],
  ['', 0],
  ['naïve', 5],
  ['e\u0301', 1],
  ['日本語', 6],
  ['한국', 4],
  ['ｆｕｌｌ', 8],
  ['🚀', 2],
  ['👩‍👩‍👧', 2],
  ['❤️', 2],
  ['\u200b', 0],
])('displayWidth() of %j is %i', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('cutToWidth() leaves a text that fits', () => {
  expect(cutToWidth('日本', 4)).toBe('日本');
});

test('cutToWidth() never goes over the width and never splits a wide character', () => {
  expect(cutToWidth('日本語', 4)).toBe('日…');
  expect(cutToWidth('abcdef', 4)).toBe('abc…');
  expect(cutToWidth('abcdef', 0)).toBe('');
});

test('cutToWidth() keeps an emoji sequence whole', () => {
  expect(cutToWidth('👩‍👩‍👧abc', 4)).toBe('👩‍👩‍👧a…');
});

test.each<[string, number, string[]]>([
  ['fits', 4, ['fits']],
  ['one two three', 7, ['one two', 'three']],
  ['  indented text', 10, ['  indented', 'text']],
  ['a abcdefgh b', 4, ['a', 'abcd', 'efgh', 'b']],
  ['日本語 x', 4, ['日本', '語 x']],
  ['日本', 1, ['日', '本']],
  ['', 0, ['']],
])('wrapToWidth() of %j in %i columns', (text, width, lines) => {
  expect(wrapToWidth(text, width)).toEqual(lines);
});
