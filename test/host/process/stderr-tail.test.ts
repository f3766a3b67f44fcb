import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { StderrTail } from '../../../host/process/stderr-tail.ts';

interface Heard {
  readonly stream: PassThrough;
  readonly tail: StderrTail;
  readonly info: [string, unknown][];
  readonly warn: [string, unknown][];
}

function listen(logsPerSecond = 1_000_000): Heard {
  const stream = new PassThrough();
  const info: [string, unknown][] = [];
  const warn: [string, unknown][] = [];
  const log = {
    debug: () => {},
    error: () => {},
    info: (text: string, fields?: unknown) => void info.push([text, fields]),
    warn: (text: string, fields?: unknown) => void warn.push([text, fields]),
  };
  return { stream, tail: new StderrTail(stream, { plugin: 'redact', pid: 42, logsPerSecond, log }), info, warn };
}

async function finish({ stream, tail }: Heard): Promise<string[]> {
  stream.end();
  await tail.ended;
  return tail.lines();
}

test('StderrTail passes each line on, tagged with plugin and pid', async () => {
  const heard = listen();
  heard.stream.write('one\ntw');
  heard.stream.write('o\r\n\nno newline at the end');

  expect(await finish(heard)).toEqual(['one', 'two', 'no newline at the end']);
  expect(heard.info).toEqual(
    ['one', 'two', 'no newline at the end'].map((line) => [line, { plugin: 'redact', pid: 42, stream: 'stderr' }]),
  );
});

test('StderrTail keeps the last 20 lines', async () => {
  const heard = listen();
  for (let line = 1; line <= 50; line++) heard.stream.write(`line ${line}\n`);

  const lines = await finish(heard);

  expect(lines).toHaveLength(20);
  expect([lines[0], lines.at(-1)]).toEqual(['line 31', 'line 50']);
});

test('StderrTail cuts a line at 8 KiB with a mark, however it is split', async () => {
  const heard = listen();
  for (let part = 0; part < 300; part++) heard.stream.write('x'.repeat(1000));
  heard.stream.write('\nshort\n');

  expect(await finish(heard)).toEqual([`${'x'.repeat(8192)} … (cut)`, 'short']);
});

test('StderrTail removes terminal escapes and control characters but keeps letters of any script split over chunks', async () => {
  const heard = listen();
  const bytes = Buffer.from('\u001b[31mröt\u001b[0m\u0007 \u001b]0;title\u0007日本\ttab\n');
  for (const byte of bytes) heard.stream.write(Buffer.from([byte]));

  expect(await finish(heard)).toEqual(['röt 日本\ttab']);
});

test('StderrTail drops and counts what is over the rate, and keeps it for the last words all the same', async () => {
  const heard = listen(3);
  heard.stream.write(Array.from({ length: 5_000 }, (_, line) => `line ${line}\n`).join(''));

  const lines = await finish(heard);

  const passed = heard.info.length;
  expect(passed).toBeLessThan(100);
  expect(heard.tail.dropped).toBe(5_000 - passed);
  expect(heard.warn.at(-1)?.[1]).toMatchObject({ plugin: 'redact', pid: 42, logsPerSecond: 3 });
  expect(lines.at(-1)).toBe('line 4999');
});
