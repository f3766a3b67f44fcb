import { expect, test } from 'vitest';
import { frame, MessageReader } from '../../../sdk/typescript/framing.ts';

function read(chunks: readonly Buffer[], limit = 100): { messages: string[]; skipped: string[]; framing: string | undefined } {
  const messages: string[] = [];
  const skipped: string[] = [];
  const reader = new MessageReader({ message: (text) => messages.push(text), skipped: (code) => skipped.push(code) }, () => limit);
  for (const chunk of chunks) reader.push(chunk);
  return { messages, skipped, framing: reader.framing };
}

const bytes = (text: string) => [...Buffer.from(text)].map((byte) => Buffer.of(byte));

test('MessageReader cuts lines wherever the chunks end', () => {
  const text = '{"a":"€"}\r\n\n{"b":2}\n{"half"';

  expect(read([Buffer.from(text)])).toEqual({ messages: ['{"a":"€"}', '{"b":2}'], skipped: [], framing: 'lines' });
  expect(read(bytes(text))).toEqual(read([Buffer.from(text)]));
});

test('MessageReader cuts frames wherever the chunks end, with any header beside the length', () => {
  const text = `${frame('{"a":"€\\n"}', 'content-length')}content-length:2\nContent-Type: x\n\n{}Content-Length: 0\r\n\r\n`;

  expect(read([Buffer.from(text)])).toEqual({ messages: ['{"a":"€\\n"}', '{}'], skipped: [], framing: 'content-length' });
  expect(read(bytes(text))).toEqual(read([Buffer.from(text)]));
});

test('MessageReader skips what is over the limit and keeps the next message', () => {
  expect(read(bytes(`${'x'.repeat(101)}\n{}\n`))).toMatchObject({ messages: ['{}'], skipped: ['MESSAGE_TOO_LARGE'] });
  expect(read(bytes(`Content-Length: 101\n\n${'x'.repeat(101)}Content-Length: 2\n\n{}`))).toMatchObject({
    messages: ['{}'],
    skipped: ['MESSAGE_TOO_LARGE'],
  });
});

test('MessageReader puts together a message of many chunks, whatever its size, and the next one', () => {
  const messages = ['€'.repeat(600_000), 'ab'.repeat(50), 'ü'.repeat(40_000)];
  const wire = {
    lines: Buffer.from(messages.map((text) => `"${text}"\n`).join('')),
    frames: Buffer.from(messages.map((text) => frame(`"${text}"`, 'content-length')).join('')),
  };

  for (const bytes of [wire.lines, wire.frames]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / 65_000) }, (_, n) => bytes.subarray(n * 65_000, (n + 1) * 65_000));
    expect(
      read(chunks, 4_000_000)
        .messages.map((text) => text.slice(1, -1))
        .every((text, n) => text === messages[n]),
    ).toBe(true);
    expect(read(chunks, 4_000_000).messages).toHaveLength(3);
  }
});

test('MessageReader skips a length that is no number', () => {
  expect(read(bytes('Content-Length: 2\n\n{}Content-Length: 1e3\n\nContent-Length: 2\n\n[]'))).toMatchObject({
    messages: ['{}', '[]'],
    skipped: ['MESSAGE_INVALID'],
  });
});
