import { expect, test } from 'vitest';
import { printable, printableJson, printableLines, printableValue } from '../../../../host/cli/print/printable.ts';

test('printable() escapes terminal sequences, line ends and marks that turn the writing', () => {
  expect(printable('a\u001b[31mb\r\nc\u202ed\u0000\u009b')).toBe('a\\e[31mb\\r\\nc\\u202ed\\x00\\x9b');
});

test('printable() leaves letters of every language alone', () => {
  expect(printable('Grüße, 日本 🚀')).toBe('Grüße, 日本 🚀');
});

test('printableLines() keeps line ends and tabs only', () => {
  expect(printableLines('a\n\tb\u001b]0;title\u0007')).toBe('a\n\tb\\e]0;title\\x07');
});

test('printableValue() prints JSON, and a dash for nothing', () => {
  expect(printableValue({ a: ['\u001b'] })).toBe('{"a":["\\u001b"]}');
  expect(printableValue('\u009b')).toBe('"\\x9b"');
  expect(printableValue(undefined)).toBe('–');
});

test('printableJson() is JSON of the same value without characters a terminal acts upon', () => {
  const value = { 'k\u009b': ['a\u001b\u007f\u202e\n', 'é'] };
  const text = printableJson(value, 2);

  expect(JSON.parse(text)).toEqual(value);
  expect(text).toBe('{\n  "k\\u009b": [\n    "a\\u001b\\u007f\\u202e\\n",\n    "é"\n  ]\n}');
});
