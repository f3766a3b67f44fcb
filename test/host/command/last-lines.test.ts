import { expect, test } from 'vitest';
import { LastLines } from '../../../host/command/last-lines.ts';

function linesOf(...chunks: (string | Buffer)[]): string[] {
  const last = new LastLines();
  for (const chunk of chunks) last.push(Buffer.from(chunk as string));
  return last.lines();
}

test('LastLines keeps the last 20 lines, and the one that has no end', () => {
  const text = Array.from({ length: 25 }, (_, index) => `line ${index}\n`).join('');
  expect(linesOf(`${text}tail`)).toEqual([...Array.from({ length: 19 }, (_, index) => `line ${index + 6}`), 'tail']);
});

test('LastLines gives the same lines however the bytes are cut', () => {
  const bytes = Buffer.from('grün\r\n日本\n\nlast🚀');
  for (let at = 0; at <= bytes.length; at++) {
    expect(linesOf(bytes.subarray(0, at), bytes.subarray(at))).toEqual(['grün', '日本', '', 'last🚀']);
  }
});

test('LastLines cuts a line at 2,000 characters and keeps no more of it', () => {
  const last = new LastLines();
  for (let i = 0; i < 1000; i++) last.push(Buffer.alloc(10_000, 'x'));
  last.push(Buffer.from('\nnext'));
  expect(last.lines()).toEqual([`${'x'.repeat(1999)}…`, 'next']);
});

test('LastLines shows what a progress bar showed last', () => {
  expect(linesOf('10%\r20%\r', '30%\ndone\r\n')).toEqual(['30%', 'done']);
});
