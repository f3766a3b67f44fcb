import { expect, test } from 'vitest';
import { plainText, sample } from '../../../host/process/plain-text.ts';

test('plainText() strips terminal sequences and control characters, keeps lines and tabs', () => {
  expect(plainText('\u001b]0;title\u0007a\u001b[31mb\u001b[0m\r\n\tc\u009b\u0000d\u007f')).toBe('ab\n\tcd');
});

test('plainText() cuts what is too long', () => {
  expect(plainText('x'.repeat(20), 10)).toBe(`${'x'.repeat(10)}…`);
});

test('sample() shows unknown bytes in one short printable line', () => {
  expect(sample(Buffer.from('\u001b[1m\tGrüße\r\n'))).toBe('\\x1b[1m\\x09Grüße\\x0d\\x0a');
  expect(sample(Buffer.alloc(5000, 0))).toHaveLength(120);
});

test('plainText() lets no text turn the direction of writing or break lines its own way', () => {
  expect(plainText('a\u202egnp.exe\u2066b\u200f\u061cc\u2028d\u2029e')).toBe('agnp.exebc d e');
  expect(plainText('שלום, العربية, 👩‍👩‍👧')).toBe('שלום, العربية, 👩‍👩‍👧');
});

test('sample() shows characters that cannot be seen', () => {
  expect(sample(Buffer.from('a\u202eb\u2028\ufeff\u{e0001}'))).toBe('a\\u202eb\\u2028\\ufeff\\u{e0001}');
});
