import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '@outrigger/schemas';
import { expect, onTestFinished, test } from 'vitest';
import { Journal, journalFile } from '../../../host/journal/journal.ts';
import { followAllTraces, readAllTraces, readRecords, type TracePlaces } from '../../../host/journal/read-journal.ts';
import { TraceFile } from '../../../host/journal/trace-file.ts';
import { makeTrace, tempFolder } from './temp-folder.ts';

const BEGIN = Date.now() - 10_000;

function at(event: string, second: number, hook = 'conda.pre_command'): Trace {
  return { ...makeTrace(event, hook), time: new Date(BEGIN + second * 1000).toISOString() };
}

async function places(): Promise<{ places: TracePlaces; journal: Journal; file: TraceFile }> {
  const folder = await tempFolder();
  const places = { file: join(folder, 'traces.jsonl'), journal: journalFile(folder) };
  const journal = new Journal({ dataDir: folder, settings: undefined, onProblem: () => undefined });
  onTestFinished(() => journal.close());
  return { places, journal, file: new TraceFile({ file: places.file, maxBytes: 1e9 }) };
}

test('readAllTraces() merges file and journal by time and finds by hook, limit and beginning of the event', async () => {
  const { places: both, journal, file } = await places();
  expect(await readAllTraces(both)).toEqual([]);
  file.append(at('e1', 1));
  journal.trace(at('e2', 2, 'conda.post_command'));
  file.append(at('f3', 3));
  journal.trace(at('e4x', 4));
  await Promise.all([journal.flush(), file.flush()]);

  const events = async (options: Parameters<typeof readAllTraces>[1]): Promise<string[]> =>
    (await readAllTraces(both, options)).map(({ event }) => event);
  expect(await events({})).toEqual(['e1', 'e2', 'f3', 'e4x']);
  expect(await events({ limit: 2 })).toEqual(['f3', 'e4x']);
  expect(await events({ limit: 0 })).toEqual([]);
  expect(await events({ hook: 'conda.post_command' })).toEqual(['e2']);
  expect(await events({ event: 'e4' })).toEqual(['e4x']);
  expect(await events({ event: '*' })).toEqual([]);
});

test('readAllTraces() keeps the order of each place when the clock was set back', async () => {
  const { places: both, journal, file } = await places();
  for (const [event, second] of [
    ['e1', 5],
    ['e3', 2],
    ['e4', 8],
  ] as const)
    journal.trace(at(event, second));
  for (const [event, second] of [
    ['f2', 6],
    ['f5', 9],
  ] as const)
    file.append(at(event, second));
  await Promise.all([journal.flush(), file.flush()]);
  expect((await readAllTraces(both)).map(({ event }) => event)).toEqual(['e1', 'e3', 'f2', 'e4', 'f5']);
});

test('readAllTraces() and readRecords() find nothing in a journal that is just being made', async () => {
  const { places: both } = await places();
  writeFileSync(both.journal, '');
  expect([await readAllTraces(both), await readRecords(both.journal)]).toEqual([[], []]);
});

test('followAllTraces() gives what is written to either place from the call on', async () => {
  const { places: both, journal, file } = await places();
  journal.trace(at('old', 0));
  await journal.flush();
  const abort = new AbortController();
  const coming = followAllTraces(both, abort.signal)[Symbol.asyncIterator]();
  const first = coming.next();
  journal.trace(at('e1', 1));
  file.append(at('f1', 1));
  const seen = [(await first).value?.event, (await coming.next()).value?.event];
  journal.trace(at('e2', 2));
  const last = await coming.next();
  abort.abort();
  expect(seen.sort()).toEqual(['e1', 'f1']);
  expect(last.value?.event).toBe('e2');
});

test('readRecords() gives the newest of a plugin', async () => {
  const { places: both, journal } = await places();
  for (const message of ['1', '2', '3']) journal.record({ kind: 'audit', plugin: 'one', message });
  journal.record({ kind: 'audit', plugin: 'other', message: '4' });
  await journal.flush();
  expect((await readRecords(both.journal, { plugin: 'one', limit: 2 })).map(({ message }) => message)).toEqual(['2', '3']);
  expect(await readRecords(both.journal)).toHaveLength(4);
});

test('readRecords() gives those of a kind, from a time on', async () => {
  const { places: both, journal } = await places();
  journal.record({ kind: 'audit', message: 'restart' });
  journal.record({ kind: 'host', message: 'closed' });
  await journal.flush();
  expect((await readRecords(both.journal, { kind: 'audit' })).map(({ message }) => message)).toEqual(['restart']);
  expect(await readRecords(both.journal, { since: Date.now() + 60_000 })).toEqual([]);
  expect(await readRecords(both.journal, { since: Date.now() - 60_000 })).toHaveLength(2);
});

test('readAllTraces() names a journal that is none', async () => {
  const folder = await tempFolder();
  writeFileSync(journalFile(folder), 'nothing of the kind'.repeat(100));
  await expect(readAllTraces({ file: undefined, journal: journalFile(folder) })).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining(`Cannot read the journal "${journalFile(folder)}": file is not a database`),
  });
});
