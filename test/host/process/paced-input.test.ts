import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { PacedInput } from '../../../host/process/paced-input.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('a stream that has much to give is read in slices, a turn of the loop between them', async () => {
  const stream = new PassThrough({ highWaterMark: 16 * 1024 * 1024 });
  for (let i = 0; i < 40; i++) stream.write(Buffer.alloc(64 * 1024));
  let turn = 0;
  let bytes = 0;
  const perTurn = new Map<number, number>();
  const input = new PacedInput(
    stream,
    (chunk) => {
      bytes += chunk.length;
      perTurn.set(turn, (perTurn.get(turn) ?? 0) + chunk.length);
    },
    () => undefined,
  );
  const next = () => {
    turn++;
    if (bytes < 40 * 64 * 1024) setImmediate(next);
  };
  setImmediate(next);
  await waitUntil(() => bytes === 40 * 64 * 1024, 'all bytes');
  input.close();

  expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(2 * (256 + 64) * 1024);
  expect(perTurn.size).toBeGreaterThanOrEqual(4);
});

test('close() stops listening but has the rest drained', async () => {
  const stream = new PassThrough();
  const seen: string[] = [];
  const input = new PacedInput(
    stream,
    (chunk) => seen.push(String(chunk)),
    () => seen.push('end'),
  );
  stream.write('before');
  await waitUntil(() => seen.length > 0, 'the first chunk');

  input.close();
  stream.end('after'.repeat(100_000));
  await waitUntil(() => stream.readableEnded, 'the stream to be drained');

  expect(seen).toEqual(['before']);
});

test('an error of the stream harms nobody, even after close()', () => {
  const stream = new PassThrough();
  const input = new PacedInput(
    stream,
    () => undefined,
    () => undefined,
  );
  stream.emit('error', new Error('EIO'));
  input.close();

  expect(stream.emit('error', new Error('EIO'))).toBe(true);
});

test('bytes that take long to handle are left for the next turn, in order and whole', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  const sent = Buffer.from(Array.from({ length: 40 }, (_, n) => String(n % 10).repeat(4096)).join(''));
  const received: Buffer[] = [];
  let turn = 0;
  const turns = new Set<number>();
  let ended = false;
  const input = new PacedInput(
    stream,
    (chunk) => {
      received.push(Buffer.from(chunk));
      turns.add(turn);
      for (const end = performance.now() + 8; performance.now() < end; );
    },
    () => {
      ended = true;
    },
  );
  const next = () => {
    turn++;
    if (!ended) setImmediate(next);
  };
  setImmediate(next);
  stream.end(sent);
  await waitUntil(() => ended, 'the end');
  input.close();

  expect(Buffer.concat(received).equals(sent)).toBe(true);
  expect(turns.size).toBeGreaterThanOrEqual(5);
});

test('close() from within a chunk drops the rest of it', async () => {
  const stream = new PassThrough();
  let chunks = 0;
  const input: PacedInput = new PacedInput(
    stream,
    () => {
      chunks++;
      input.close();
    },
    () => undefined,
  );
  stream.end(Buffer.alloc(64 * 1024));
  await waitUntil(() => stream.readableEnded, 'the stream to be drained');

  expect(chunks).toBe(1);
});
