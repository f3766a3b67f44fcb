import { expect, test } from 'vitest';
import { MessageReader } from '../../../host/process/reader.ts';

interface Read {
  readonly reader: MessageReader;
  /** In order: `message …`, `pollution …`, `invalid …`, `oversize …`. */
  readonly seen: string[];
}

function open(maxMessageBytes = 10_000): Read {
  const seen: string[] = [];
  const reader = new MessageReader({
    maxMessageBytes,
    onMessage: (bytes) => seen.push(`message ${bytes.toString('latin1').trim()}`),
    onPollution: (text) => seen.push(`pollution ${text.toString('latin1').trim()}`),
    onInvalid: (why) => seen.push(`invalid ${why}`),
    onOversize: (what, size) => seen.push(`oversize ${what} ${size}`),
  });
  return { reader, seen };
}

function read(text: string | Buffer, maxMessageBytes?: number): string[] {
  const { reader, seen } = open(maxMessageBytes);
  reader.push(Buffer.from(text as string));
  return seen;
}

const frame = (body: string, headers = 'Content-Length: ') => `${headers}${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('push() finds one message a line, whatever the line end', () => {
  expect(read('{"a":1}\n{"b":2}\r\n\n \r\n{"c":3}\n')).toEqual(['message {"a":1}', 'message {"b":2}', 'message {"c":3}']);
});

test('push() finds messages behind Content-Length, in any case, behind other headers, with bare line feeds', () => {
  const type = 'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:';
  const text = `${frame('{"a":1}')}${frame('{"b":2}', type)}CONTENT-LENGTH: 7 \n\n{"c":3}`;
  expect(read(text)).toEqual(['message {"a":1}', 'message {"b":2}', 'message {"c":3}']);
});

test('push() lets both framings follow each other', () => {
  expect(read(`{"a":1}\n${frame('{"b":2}')}{"c":3}\n${frame('{"d":4}')}`)).toEqual([
    'message {"a":1}',
    'message {"b":2}',
    'message {"c":3}',
    'message {"d":4}',
  ]);
});

test('push() keeps line feeds inside a counted body', () => {
  expect(read(`${frame('{\n"a":\n1}')}{"b":2}\n`)).toEqual(['message {\n"a":\n1}', 'message {"b":2}']);
});

test('push() counts stray lines and goes on', () => {
  expect(read('starting…\n[INFO] ready\nWarning: 3\n{"a":1}\n')).toEqual([
    'pollution starting\u00e2\u0080\u00a6',
    'pollution [INFO] ready',
    'pollution Warning: 3',
    'message {"a":1}',
  ]);
});

test('push() skips a byte order mark before a message or a header', () => {
  const mark = Buffer.from('\ufeff');
  const body = '{"b":2}';
  const bytes = Buffer.concat([mark, Buffer.from('{"a":1}\n'), mark, Buffer.from(frame(body))]);

  expect(read(bytes)).toEqual(['message {"a":1}', 'message {"b":2}']);
});

test('push() resumes at a message or a header directly behind a stray text', () => {
  expect(read(`loading... {"jsonrpc":"2.0"}\n`)).toEqual(['pollution loading...', 'message {"jsonrpc":"2.0"}']);
  expect(read(`loading...${frame('{"a":1}')}`)).toEqual(['pollution loading...', 'message {"a":1}']);
  expect(read(`hi {"jsonrpc":"2.0"}${frame('{"a":1}')}`)).toEqual(['pollution hi', 'message {"jsonrpc":"2.0"}', 'message {"a":1}']);
});

test('push() hands a batch on whole and takes a text in brackets for a stray line', () => {
  expect(read('[{"id":1}]\n[]\n[ 12:30 ] tea\n')).toEqual(['message [{"id":1}]', 'message []', 'pollution [ 12:30 ] tea']);
});

test.each(['-1', '', '1e3', '0', '+7', '0x10', '7 8', 'seven'])('push() refuses the length "%s" and finds the next message', (length) => {
  const seen = read(`Content-Length: ${length}\r\n\r\n{"a":1}${frame('{"b":2}')}`);

  expect(seen[0]).toContain(`invalid Content-Length is "${length}"`);
  expect(seen).toContain('message {"b":2}');
});

test('push() reports a declared length over the limit before any of it arrives', () => {
  expect(read('Content-Length: 100000000000000\r\n\r\n{')).toEqual(['oversize message 100000000000000']);
  expect(read('Content-Length: 101\r\n', 100)).toEqual(['oversize message 101']);
  expect(read(`${frame(`{${' '.repeat(98)}}`)}`, 100)).toHaveLength(1);
});

test('push() stops at the bound of a line without end, once', () => {
  const { reader, seen } = open(1000);
  for (let i = 0; i < 50; i++) reader.push(Buffer.alloc(100, i === 0 ? '{' : 'x'));
  reader.push(Buffer.from('\n{"a":1}\n'));

  expect(seen).toEqual(['oversize message 1100']);
});

test('push() calls a text without end a text', () => {
  expect(read('x'.repeat(1001), 1000)).toEqual(['oversize text 1001']);
});

test('push() gives up headers that never end and reads on', () => {
  const long = `Content-Length: 5\r\n${'X-A: b\r\n'.repeat(20)}\r\n{"a":1}\n`;
  const seen = read(long);

  expect(seen[0]).toMatch(/^invalid the headers have more than 16 lines/);
  expect(seen.at(-1)).toBe('message {"a":1}');
  expect(read(`Content-Length: 5\r\nX-A: ${'b'.repeat(5000)}\r\n\r\n{"a":1}\n`)[0]).toMatch(/^invalid the headers/);
});

test('push() finds the message when headers break off', () => {
  expect(read('Content-Length: 5\n{"a":1}\n')).toEqual(['invalid a line among the headers is no header', 'message {"a":1}']);
  expect(read('Content-Type: text/plain\r\n\r\n{"a":1}\n')).toEqual(['invalid the headers name no Content-Length', 'message {"a":1}']);
});

test('push() finds the next frame behind one whose length was too short', () => {
  const seen = read(`Content-Length: 4\r\n\r\n{"a":1}${frame('{"b":2}')}`);
  expect(seen).toContain('message {"b":2}');
});

test('end() drops half a message', () => {
  const { reader, seen } = open();
  reader.push(Buffer.from('{"a":'));
  reader.end();
  reader.push(Buffer.from('1}\n'));

  expect(seen).toEqual([]);
});

const MIXED = Buffer.from(
  [
    '{"a":"ä€😀"}\n',
    frame('{"b":2}'),
    'stray\r\n',
    '\r\n\n',
    frame('{"c":"ü"}', 'Content-Type: x/y\r\nContent-Length:'),
    'text {"jsonrpc":"2.0","d":4}\n',
    `noise${frame('{"e":5}')}`,
    'Content-Length: -1\r\n\r\n',
    '{"f":6}\n',
    '[1]\n[]\n',
    'Content-Length: 7\n\n{"g":7}',
    '{"h":8}\r\n',
  ].join(''),
);

test('push() gives the same messages at every split point of a mixed stream', () => {
  const whole = read(MIXED);
  expect(whole.map((line) => line.slice(0, line.indexOf(' ')))).toEqual([
    ...['message', 'message', 'pollution', 'message', 'pollution', 'message', 'pollution', 'message'],
    ...['invalid', 'message', 'pollution', 'message', 'message', 'message'],
  ]);

  for (let at = 1; at < MIXED.length; at++) {
    const { reader, seen } = open();
    reader.push(MIXED.subarray(0, at));
    reader.push(MIXED.subarray(at));
    expect(seen, `split at ${at}`).toEqual(whole);
  }
});

test.each([1, 2, 3, 7, 16, 61])('push() gives the same messages in chunks of %i bytes', (size) => {
  const { reader, seen } = open();
  for (let at = 0; at < MIXED.length; at += size) reader.push(MIXED.subarray(at, at + size));

  expect(seen).toEqual(read(MIXED));
});

test('push() survives bytes of every kind in random order', () => {
  const pieces = ['{', '}', '"', '\n', '\r\n', 'Content-Length: ', '5', '\r\n\r\n', '{"jsonrpc"', '[', ']', '\0', '\xff', ' ', 'x'];
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const { reader, seen } = open(200);
  for (let i = 0; i < 20_000 && !seen.some((line) => line.startsWith('oversize')); i++) {
    reader.push(Buffer.from(pieces[random(pieces.length)] ?? '', 'latin1'));
  }

  expect(seen.length).toBeGreaterThan(10);
});
