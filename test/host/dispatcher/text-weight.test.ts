import { expect, test } from 'vitest';
import { textWeight } from '../../../host/dispatcher/text-weight.ts';
import { jsonWeight } from '../../../host/protocol/json-weight.ts';

const PAYLOADS: readonly [what: string, text: string][] = [
  ['small objects', JSON.stringify(Array.from({ length: 6000 }, (_, n) => ({ n, text: 'a text of some characters' })))],
  ['empty objects', JSON.stringify(Array.from({ length: 100_000 }, () => ({})))],
  ['numbers', JSON.stringify(Array.from({ length: 100_000 }, (_, n) => n))],
  ['one long text', JSON.stringify({ text: 'x'.repeat(300_000) })],
  ['a text, and behind it objects', JSON.stringify({ text: 'x'.repeat(200_000), list: Array.from({ length: 60_000 }, () => ({})) })],
];

test.each(PAYLOADS)('textWeight() of %s is about what counting says', (_, text) => {
  const ratio = textWeight(text) / jsonWeight(text);

  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test('textWeight() of a text full of punctuation is too much rather than too little', () => {
  const text = JSON.stringify({ text: 'one, two: {three} [four] '.repeat(10_000) });

  expect(textWeight(text)).toBeGreaterThan(jsonWeight(text));
});

test('textWeight() of a small text is estimated by its length', () => {
  expect(textWeight('{"a":1}')).toBe(jsonWeight('{"a":1}'));
});
