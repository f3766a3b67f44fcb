import { appendFile, mkdir, rename, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Trace } from '@outrigger/schemas';
import { expect, onTestFinished, test } from 'vitest';
import { followTraces, TraceFile } from '../../../host/journal/trace-file.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { makeTrace, tempFolder } from './temp-folder.ts';

const line = (event: string): string => `${JSON.stringify(makeTrace(event))}\n`;

async function traceFile(): Promise<string> {
  return join(await tempFolder(), 'traces.jsonl');
}

/** Collects what a follower sees; `seen(n)` waits for the nth. */
function follower(file: string) {
  const abort = new AbortController();
  const events: string[] = [];
  const iterable = followTraces(file, abort.signal);
  const done = (async () => {
    for await (const trace of iterable as AsyncIterable<Trace>) events.push(trace.event);
  })();
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  onTestFinished(stop);
  return { events, stop, seen: (count: number) => waitUntil(() => events.length >= count, `${count} traces, have ${events.length}`) };
}

test('followTraces() gives what is written after the call, not what was there', async () => {
  const file = await traceFile();
  await writeFile(file, line('old'));
  const { events, seen } = follower(file);

  await appendFile(file, line('new1') + line('new2'));
  await seen(2);

  expect(events).toEqual(['new1', 'new2']);
});

test('followTraces() waits for a file and a folder that are not there yet', async () => {
  const file = join(await tempFolder(), 'later', 'traces.jsonl');
  const { events, seen } = follower(file);

  await mkdir(dirname(file));
  await writeFile(file, line('e1'));
  await seen(1);

  expect(events).toEqual(['e1']);
});

test('followTraces() survives rotation and still hears a host that holds the old file', async () => {
  const file = await traceFile();
  await writeFile(file, line('old'));
  const { events, seen } = follower(file);
  await appendFile(file, line('e1'));
  await seen(1);

  await appendFile(file, line('e2'));
  await rename(file, `${file}.1`);
  await writeFile(file, line('e3'));
  await seen(3);
  await appendFile(`${file}.1`, line('late'));
  await seen(4);

  expect(events).toEqual(['e1', 'e2', 'e3', 'late']);
});

test('followTraces() finds its place when the file is rotated before the first look', async () => {
  const file = await traceFile();
  await writeFile(file, line('old'));
  const iterator = followTraces(file, new AbortController().signal)[Symbol.asyncIterator]();
  onTestFinished(() => void iterator.return?.());

  await appendFile(file, line('e1'));
  await rename(file, `${file}.1`);
  await writeFile(file, line('e2'));

  expect((await iterator.next()).value?.event).toBe('e1');
  expect((await iterator.next()).value?.event).toBe('e2');
});

test('followTraces() follows a trace file through many rotations', async () => {
  const file = await traceFile();
  const traces = new TraceFile({ file, maxBytes: 1024 });
  const { events, seen } = follower(file);

  for (let i = 0; i < 30; i++) {
    traces.append(makeTrace(`e${i}`));
    await traces.flush();
    await seen(i + 1);
  }

  expect(events).toEqual(Array.from({ length: 30 }, (_, i) => `e${i}`));
});

test('followTraces() skips corrupt lines and waits for the end of an unfinished one', async () => {
  const file = await traceFile();
  await writeFile(file, '');
  const { events, seen } = follower(file);

  await appendFile(file, `garbage\n${line('e1').slice(0, 40)}`);
  await appendFile(file, line('e1').slice(40));
  await seen(1);

  expect(events).toEqual(['e1']);
});

test('followTraces() begins again when the file is emptied', async () => {
  const file = await traceFile();
  await writeFile(file, line('old') + line('older'));
  const { events, seen } = follower(file);
  await appendFile(file, line('e1'));
  await seen(1);

  await truncate(file);
  await appendFile(file, line('e2'));
  await seen(2);

  expect(events).toEqual(['e1', 'e2']);
});

test('followTraces() ends when the signal aborts', async () => {
  const { events, stop } = follower(await traceFile());

  await stop();

  expect(events).toEqual([]);
});

test('followTraces() ends at once when the signal was aborted before', async () => {
  const iterator = followTraces(await traceFile(), AbortSignal.abort())[Symbol.asyncIterator]();

  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});
