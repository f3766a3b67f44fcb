import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Recorder, readRecording } from '../../../host/conformance/recording.ts';
import { testWhere } from '../../support/needs.ts';

function makeFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-recording-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'wire.jsonl');
}

test('Recorder writes what was said, and readRecording() reads it', () => {
  const file = makeFile();
  const recorder = new Recorder(file);
  recorder.start('hello');
  recorder.add('host', '{"jsonrpc":"2.0","id":1,"method":"ping"}', 3);
  recorder.know([]);
  recorder.add('plugin', 'stray', 4);
  recorder.end('ended with code 0', 5);
  recorder.close();

  expect(readRecording(file)).toMatchObject([
    { kind: 'start', plugin: 'hello' },
    { kind: 'message', from: 'host', atMs: 3, message: { method: 'ping' } },
    { kind: 'text', from: 'plugin', atMs: 4, text: 'stray' },
    { kind: 'end', how: 'ended with code 0' },
  ]);
});

test('Recorder keeps secrets out: what was served, where it shows up again, and fields of its name', () => {
  const file = makeFile();
  const recorder = new Recorder(file);
  recorder.know(['API_KEY']);
  recorder.start('hello');
  recorder.add('plugin', '{"jsonrpc":"2.0","id":"s1","method":"secret/get","params":{"name":"API_KEY"}}', 1);
  recorder.add('host', '{"jsonrpc":"2.0","id":"s1","result":{"value":"hunter22"}}', 2);
  recorder.add('plugin', '{"jsonrpc":"2.0","method":"log","params":{"level":"info","message":"got hunter22"}}', 3);
  recorder.add('plugin', 'printed hunter22', 4);
  recorder.add('plugin', '{"jsonrpc":"2.0","method":"log","params":{"level":"info","message":"","fields":{"hunter22":1}}}', 4);
  recorder.add('host', '{"jsonrpc":"2.0","method":"config/changed","params":{"config":{"API_KEY":"another","kept":"here"}}}', 5);
  recorder.close();

  const text = readFileSync(file, 'utf8');
  expect(text).not.toMatch(/hunter22|another/);
  expect(text.match(/\[redacted\]/g)).toHaveLength(5);
  expect(text).toContain('"kept":"here"');
});

test('Recorder makes a file for its user alone', () => {
  const file = makeFile();

  const recorder = new Recorder(file);
  onTestFinished(() => recorder.close());

  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('readRecording() names the line that is none', () => {
  const file = makeFile();
  writeFileSync(file, '{"kind":"start","plugin":"a","time":""}\n\n{"kind":"message"}\n');

  expect(() => readRecording(file)).toThrow(/Cannot read line 3 of the recording/);
});

test('readRecording() refuses a file that holds no message', () => {
  const file = makeFile();
  writeFileSync(file, '{"kind":"start","plugin":"a","time":""}\n');

  expect(() => readRecording(file)).toThrow('it holds no message');
});

test('Recorder writes over an older recording with its first line, and not sooner', () => {
  const file = makeFile();
  const older = '{"kind":"start","plugin":"older","time":"2026-01-01T00:00:00.000Z"}\n';
  writeFileSync(file, older);
  new Recorder(file).close();
  expect(readFileSync(file, 'utf8')).toBe(older);

  const recorder = new Recorder(file);
  recorder.know([]);
  recorder.start('newer');
  recorder.close();

  expect(readFileSync(file, 'utf8')).toMatch(/^\{"kind":"start","plugin":"newer","time":"[^"]+"\}\n$/);
});

test('Recorder leaves no new file behind when nothing was written', () => {
  const file = makeFile();

  new Recorder(file).close();

  expect(existsSync(file)).toBe(false);
});

test.each(['name: hello\n', '{"kind":"start"}\n', '\n', '{"kind":"message","message":{}}\n', `"${'x'.repeat(9000)}"`])(
  'Recorder refuses to write over %j',
  (text) => {
    const file = makeFile();
    writeFileSync(file, text);

    expect(() => new Recorder(file)).toThrow(`Cannot record into "${file}": it holds something that is no recording`);
    expect(readFileSync(file, 'utf8')).toBe(text);
  },
);

test('Recorder counts messages, and nothing else', () => {
  const recorder = new Recorder(makeFile());
  recorder.know([]);
  recorder.start('hello');
  recorder.add('plugin', 'stray', 1);
  expect(recorder.messages).toBe(0);
  recorder.add('host', '{"jsonrpc":"2.0","id":1,"method":"ping"}', 2);
  recorder.end('ended with code 0', 3);
  recorder.close();

  expect(recorder.messages).toBe(1);
});

const testOnFullDisk = testWhere(existsSync('/dev/full'), 'there is no /dev/full');

testOnFullDisk('Recorder says why a line could not be written, and lets who is recorded go on', () => {
  const recorder = new Recorder('/dev/full');
  onTestFinished(() => recorder.close());
  recorder.know([]);

  recorder.start('hello');
  recorder.add('host', '{"jsonrpc":"2.0","method":"exit"}', 1);

  expect(recorder.trouble).toMatch(/ENOSPC/);
});
