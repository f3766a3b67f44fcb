import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTraces } from '../../../host/journal/trace-file.ts';
import { makeTrace, tempFolder } from './temp-folder.ts';

async function written(...events: [event: string, hook?: string][]): Promise<string> {
  const file = join(await tempFolder(), 'traces.jsonl');
  await writeFile(file, events.map(([event, hook]) => `${JSON.stringify(makeTrace(event, hook))}\n`).join(''));
  return file;
}

const eventsOf = (traces: readonly { event: string }[]): string[] => traces.map(({ event }) => event);

test('readTraces() gives nothing when there is no file', async () => {
  expect(await readTraces(join(await tempFolder(), 'none', 'traces.jsonl'))).toEqual([]);
});

test('readTraces() gives the newest when there is a limit', async () => {
  const file = await written(['e1'], ['e2'], ['e3']);

  expect(eventsOf(await readTraces(file, { limit: 2 }))).toEqual(['e2', 'e3']);
  expect(await readTraces(file, { limit: 0 })).toEqual([]);
});

test('readTraces() puts the rotated file before the current one', async () => {
  const file = await written(['e3'], ['e4']);
  await writeFile(`${file}.1`, `${JSON.stringify(makeTrace('e1'))}\n${JSON.stringify(makeTrace('e2'))}\n`);

  expect(eventsOf(await readTraces(file))).toEqual(['e1', 'e2', 'e3', 'e4']);
  expect(eventsOf(await readTraces(file, { limit: 3 }))).toEqual(['e2', 'e3', 'e4']);
});

test('readTraces() reads the rotated file alone when a new one is not there yet', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  await writeFile(`${file}.1`, `${JSON.stringify(makeTrace('e1'))}\n`);

  expect(eventsOf(await readTraces(file))).toEqual(['e1']);
});

test('readTraces() selects by hook before it counts to the limit', async () => {
  const file = await written(['e1'], ['e2', 'conda.post_command'], ['e3'], ['e4', 'conda.post_command']);

  expect(eventsOf(await readTraces(file, { hook: 'conda.pre_command', limit: 2 }))).toEqual(['e1', 'e3']);
});

test('readTraces() finds an event by the beginning of its id, and all when it is not unique', async () => {
  const file = await written(['01abc'], ['01abd'], ['02xyz']);

  expect(eventsOf(await readTraces(file, { event: '02' }))).toEqual(['02xyz']);
  expect(eventsOf(await readTraces(file, { event: '01ab' }))).toEqual(['01abc', '01abd']);
  expect(await readTraces(file, { event: 'none' })).toEqual([]);
});

test.each([
  ['text', 'not json\n'],
  ['a line cut short', `${JSON.stringify(makeTrace('e0')).slice(0, 50)}\n`],
  ['JSON that is no trace', '{"event":"e0"}\n'],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x0a])],
  ['20 000 nested arrays', `${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
])('readTraces() skips and counts %s', async (_what, line) => {
  const file = await written(['e1']);
  await appendFile(file, line);
  await appendFile(file, `${JSON.stringify(makeTrace('e2'))}\n`);
  const counted: number[] = [];

  const traces = await readTraces(file, { onCorrupt: (lines) => counted.push(lines) });

  expect(eventsOf(traces)).toEqual(['e1', 'e2']);
  expect(counted).toEqual([1]);
});

test('readTraces() counts an unfinished last line as corrupt', async () => {
  const file = await written(['e1']);
  await appendFile(file, '{"event":"e2","ho');
  const counted: number[] = [];

  expect(eventsOf(await readTraces(file, { onCorrupt: (lines) => counted.push(lines) }))).toEqual(['e1']);
  expect(counted).toEqual([1]);
});

test('readTraces() throws STORAGE_FAILED when the file cannot be read', async () => {
  const folder = await tempFolder();

  await expect(readTraces(folder)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringMatching(/^Cannot read traces from ".*": EISDIR/),
  });
});
