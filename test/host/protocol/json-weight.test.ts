import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { COUNTED_FROM, jsonWeight, textWeight, worstWeight } from '../../../host/protocol/json-weight.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MEBIBYTE = 1024 * 1024;

test('jsonWeight() takes many small values for what they take, and text for its length', () => {
  const text = JSON.stringify({ text: '{},[]:"'.repeat(100_000) });
  const values = `[${'{},'.repeat(233_000)}0]`;

  expect(jsonWeight(Buffer.from(text))).toBeLessThan(1.01 * text.length);
  expect(jsonWeight(Buffer.from(values))).toBeGreaterThan(19 * MEBIBYTE);
  expect(jsonWeight(values)).toBe(jsonWeight(Buffer.from(values)));
});

test.each<[string, string]>([
  ['arrays', '[],'],
  ['nested arrays', '[[[[]]]],'],
  ['fields', '{"a":1},'],
  ['numbered fields', '{"9":1},'],
  ['numbers', '1,'],
  ['words', '"ab",'],
])('jsonWeight() of many %s is at least half of what V8 takes, and no more than six times', (_name, part) => {
  const json = `[${part.repeat((3 * MEBIBYTE) / part.length)}0]`;
  const before = heapUsed();
  const value: unknown = JSON.parse(json);
  const taken = heapUsed() - before;

  expect(Array.isArray(value)).toBe(true);
  expect(jsonWeight(json) / taken).toBeGreaterThan(0.5);
  expect(jsonWeight(json) / taken).toBeLessThan(6);
});

test.each([0, 1, 2, 3, 62, 63, 64, 65, 66, 67, 5000])(
  'jsonWeight() finds the end of a text with %i characters before an escape',
  (length) => {
    const before = 'x'.repeat(length);
    const texts = ['\\', '"', '\\"', '"\\', '\\\\'].map((end) => JSON.stringify(`${before}${end}`));
    const json = `[0]${' '.repeat(COUNTED_FROM)}`;
    const bare = jsonWeight(json) - json.length;

    for (const text of texts) {
      const list = `[${text},{},${text}]${json.slice(3)}`;
      expect(jsonWeight(list) - list.length).toBe(bare + 2 * 8 + 80);
    }
  },
);

test('jsonWeight() estimates what is small', () => {
  const small = `"${'x'.repeat(COUNTED_FROM - 2)}"`;

  expect(jsonWeight(small)).toBe(8 * small.length);
  expect(jsonWeight(`${small} `)).toBeLessThan(2 * small.length);
});

test('jsonWeight() comes to an end where a text does not', () => {
  expect(jsonWeight(Buffer.from(`"${'\\'.repeat(COUNTED_FROM)}`))).toBeGreaterThan(COUNTED_FROM);
});

test.each(['[', '{"', '[0,', '{}', '"', '0'])('worstWeight() is never below what counting says of %s again and again', (part) => {
  const json = part.repeat(COUNTED_FROM);

  expect(jsonWeight(json)).toBeLessThanOrEqual(worstWeight(json.length));
});

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

function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
