import { expect, test } from 'vitest';
import { Oddities } from '../../../host/process/oddities.ts';

const tell = () => {
  const told: string[] = [];
  return { told, oddities: new Oddities((kind, text) => told.push(`${kind}: ${text}`)) };
};

test('add() tells the first of each kind', () => {
  const { told, oddities } = tell();
  oddities.add('stdout pollution', Buffer.from('hello\r'), 'it is no message');
  oddities.add('stdout pollution', Buffer.from('again'), 'it is no message');
  oddities.add('message skipped', Buffer.from('{'), 'it is not JSON');

  expect(told).toEqual([
    'stdout pollution: it wrote "hello\\x0d" on its stdout: it is no message',
    'message skipped: it wrote "{" on its stdout: it is not JSON',
  ]);
});

test('explain() names the first oddity since the last answer', () => {
  const { oddities } = tell();
  oddities.add('stdout pollution', Buffer.from('loading'), 'it is no message');
  oddities.forget();
  expect(oddities.explain(7, undefined)).toBe('');
  oddities.add('stdout pollution', Buffer.from('first'), 'it is no message');
  oddities.add('message skipped', Buffer.from('second'), 'it is not JSON');

  expect(oddities.explain(7, undefined)).toBe('; it wrote "first" on its stdout: it is no message');
});

test('explain() does not take a skipped notification for an answer', () => {
  const { told, oddities } = tell();
  oddities.add('notification skipped', Buffer.from('{}'), 'its params are wrong');

  expect(told).toHaveLength(1);
  expect(oddities.explain(7, undefined)).toBe('');
});

test('explain() says what is unfinished, or that nothing came', () => {
  const { oddities } = tell();

  expect(oddities.explain(9, { start: Buffer.from('{"id":1'), held: 7, length: undefined })).toBe(
    '; the line "{"id":1" on its stdout has no end yet',
  );
  expect(oddities.explain(9, { start: Buffer.from('{}'), held: 2, length: 4 })).toBe('; its Content-Length was 4 bytes, 2 of them came');
  expect(oddities.explain(0, undefined)).toContain('nothing came on its stdout');
});
