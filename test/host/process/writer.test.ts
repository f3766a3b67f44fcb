import { spawn } from 'node:child_process';
import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { MessageWriter } from '../../../host/process/writer.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Open {
  readonly writer: MessageWriter;
  readonly writes: string[];
  readonly errors: Error[];
  readonly drains: { count: number };
}

function open(stream: Writable, framing: 'lines' | 'content-length' = 'lines'): Open {
  const writes: string[] = [];
  const errors: Error[] = [];
  const drains = { count: 0 };
  if (stream instanceof PassThrough) stream.on('data', (chunk) => writes.push(String(chunk)));
  const onDrain = () => {
    drains.count++;
  };
  return { writer: new MessageWriter(stream, { framing, onDrain, onError: (error) => errors.push(error) }), writes, errors, drains };
}

test('write() sends all that is queued in one turn in one write', async () => {
  const { writer, writes } = open(new PassThrough());

  writer.write('{"a":1}');
  writer.write('{"b":2}');
  expect(writes).toEqual([]);
  await waitUntil(() => writes.length > 0, 'the write');

  expect(writes).toEqual(['{"a":1}\n{"b":2}\n']);
  expect(writer).toMatchObject({ messagesOut: 2, bytesOut: 16 });
});

test('write() does not wait for the end of the turn when a batch is full', async () => {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.write = (chunk: string) => chunks.push(chunk) > 0;
  const { writer } = open(stream);

  for (let i = 0; i < 3; i++) writer.write(`"${'x'.repeat(600)}"`);

  expect(chunks).toHaveLength(1);
});

test('write() counts bytes, not characters, in Content-Length', async () => {
  const { writer, writes } = open(new PassThrough(), 'content-length');

  writer.write('{"a":"ä€😀"}');
  await waitUntil(() => writes.length > 0, 'the write');

  expect(writes).toEqual(['Content-Length: 17\r\n\r\n{"a":"ä€😀"}']);
  expect(writer.bytesOut).toBe(39);
});

test.each([
  ['ASCII', 'x'],
  ['not ASCII, but Latin-1', 'ü'],
  ['neither', '€😀'],
])('write() sends a large text through a pipe as UTF-8 when it is %s', async (_, part) => {
  const child = spawn('cat', { stdio: 'pipe' });
  const { writer } = open(child.stdin);
  const text = part.repeat(300_000);
  const parts: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => parts.push(chunk));

  writer.write(text);
  await waitUntil(() => parts.reduce((sum, { length }) => sum + length, 0) >= Buffer.byteLength(text) + 1, 'all of it');
  child.stdin.end();

  expect(Buffer.concat(parts).toString() === `${text}\n`).toBe(true);
  expect(writer.bytesOut).toBe(Buffer.byteLength(text) + 1);
});

test('writable turns false beyond 1 MiB and onDrain follows when the reader reads', async () => {
  const stream = new PassThrough();
  const { writer, drains } = open(new Writable({ decodeStrings: false, write: (chunk, _e, done) => void stream.write(chunk, done) }));
  const line = 'x'.repeat(100_000);

  let written = 0;
  while (writer.writable && written < 100) {
    writer.write(line);
    written++;
  }
  expect(written).toBe(11);
  expect(drains.count).toBe(0);

  stream.resume();
  await waitUntil(() => drains.count > 0, 'onDrain');

  expect(writer.writable).toBe(true);
  expect(drains.count).toBe(1);
});

test('a peer that closed its stdin is reported once and nothing is thrown', async () => {
  const child = spawn(process.execPath, ['-e', 'require("fs").closeSync(0); console.log("deaf"); setInterval(() => {}, 1000)']);
  const { writer, errors } = open(child.stdin);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await waitUntil(() => said.includes('deaf'), 'the child to close its stdin');

  for (let i = 0; i < 100; i++) writer.write(`"${'x'.repeat(2000)}"`);
  await waitUntil(() => errors.length > 0, 'the error');
  writer.write('{}');
  writer.close();
  child.kill('SIGKILL');
  await waitUntil(() => child.signalCode !== null, 'the child to end');

  expect(errors).toHaveLength(1);
  expect((errors[0] as NodeJS.ErrnoException).code).toBe('EPIPE');
  expect(writer.writable).toBe(false);
});

test('write() to a destroyed stream is reported, but not out of the call', async () => {
  const stream = new PassThrough();
  const { writer, errors } = open(stream);
  stream.destroy();

  writer.write(`"${'x'.repeat(2000)}"`);
  expect(errors).toEqual([]);
  await waitUntil(() => errors.length > 0, 'the error');

  expect(errors).toHaveLength(1);
});

test('close() writes what is queued and then nothing more', async () => {
  const { writer, writes } = open(new PassThrough());

  writer.write('"last"');
  writer.close();
  writer.write('"too late"');
  await waitUntil(() => writes.length > 0, 'the write');

  expect(writes).toEqual(['"last"\n']);
});
