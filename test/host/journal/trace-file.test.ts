import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Trace } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { readTraces, TraceFile } from '../../../host/journal/trace-file.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { makeTrace, tempFolder } from './temp-folder.ts';

const BIG = 8 * 1024 * 1024;
const script = fileURLToPath(new URL('append-many.ts', import.meta.url));

function appendMany(file: string, maxBytes: number, prefix: string, count: number): Promise<unknown> {
  const args = ['--conditions=@outrigger/source', script, file, String(maxBytes), prefix, String(count)];
  return promisify(execFile)(process.execPath, args);
}

test('append() keeps traces in order and readTraces() gives them back', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: BIG });

  traces.append(makeTrace('e1'));
  traces.append(makeTrace('e2'));
  await traces.flush();
  traces.append(makeTrace('e3'));
  await traces.flush();

  expect(await readTraces(file)).toEqual([makeTrace('e1'), makeTrace('e2'), makeTrace('e3')]);
  expect(traces.dropped).toBe(0);
});

test('append() records the trace as it is at the call, not as it becomes', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: BIG });
  const trace = makeTrace('e1');

  traces.append(trace);
  trace.hook = 'conda.changed_later';
  await traces.flush();

  expect((await readTraces(file))[0]?.hook).toBe('conda.pre_command');
});

test('append() makes the folder and the file for their owner alone', async () => {
  const folder = join(await tempFolder(), 'state', 'outrigger');
  const file = join(folder, 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: BIG });

  traces.append(makeTrace('e1'));
  await traces.flush();

  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('append() makes no file when nothing is appended', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');

  await new TraceFile({ file, maxBytes: BIG }).flush();

  expect(existsSync(file)).toBe(false);
});

test('append() of two processes to one file loses and mixes nothing', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');

  await Promise.all([appendMany(file, BIG, 'a', 1500), appendMany(file, BIG, 'b', 1500)]);

  let corrupt = 0;
  const found = (await readTraces(file, { onCorrupt: (lines) => (corrupt = lines) })).map(({ event }) => event);
  const expected = ['a', 'b'].map((prefix) => Array.from({ length: 1500 }, (_, i) => `${prefix}${i}`));
  expect(corrupt).toBe(0);
  expect(found.filter((event) => event.startsWith('a'))).toEqual(expected[0]);
  expect(found.filter((event) => event.startsWith('b'))).toEqual(expected[1]);
});

test('append() of two processes that rotate one file mixes nothing', async () => {
  const folder = await tempFolder();
  const file = join(folder, 'traces.jsonl');

  await Promise.all([appendMany(file, 20_000, 'a', 500), appendMany(file, 20_000, 'b', 500)]);

  let corrupt = 0;
  await readTraces(file, { onCorrupt: (lines) => (corrupt = lines) });
  expect(corrupt).toBe(0);
  expect(['traces.jsonl', 'traces.jsonl.1']).toEqual(expect.arrayContaining(await readdir(folder)));
});

test('append() of many hosts at the size limit rotates once and loses nothing', async () => {
  const folder = await tempFolder();
  const size = Buffer.byteLength(JSON.stringify(makeTrace('r0-h0-0')));
  for (let round = 0; round < 10; round++) {
    const file = join(folder, `round${round}.jsonl`);
    // Full at the first append of every host: each of them sees that it is too large.
    await writeFile(file, '\n'.repeat(size * 100));
    const hosts = Array.from({ length: 8 }, () => new TraceFile({ file, maxBytes: size * 100 }));

    await Promise.all(
      hosts.map(async (host, h) => {
        // Out of step: one looks at the old file's size while another has moved it already.
        for (let step = 0; step < h; step++) await stat(folder);
        for (let i = 0; i < 10; i++) {
          host.append(makeTrace(`r${round}-h${h}-${i}`));
          await host.flush();
        }
      }),
    );

    expect(await readTraces(file)).toHaveLength(80);
  }
});

test('append() moves a file that grew too large aside and keeps one old file', async () => {
  const folder = await tempFolder();
  const file = join(folder, 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: 4096 });

  for (let i = 0; i < 60; i++) {
    traces.append(makeTrace(`e${i}`));
    await traces.flush();
  }

  const found = (await readTraces(file)).map(({ event }) => event);
  expect(['traces.jsonl', 'traces.jsonl.1']).toEqual(expect.arrayContaining(await readdir(folder)));
  expect(found).toEqual(Array.from({ length: found.length }, (_, i) => `e${60 - found.length + i}`));
  expect(found.length).toBeGreaterThan(8);
  expect((await stat(`${file}.1`)).size).toBeLessThan(2 * 4096);
});

test('append() rotates in spite of a lock that a killed host left behind', async () => {
  const folder = await tempFolder();
  const file = join(folder, 'traces.jsonl');
  await writeFile(`${file}.lock`, '');
  await utimes(`${file}.lock`, 0, 0);
  const traces = new TraceFile({ file, maxBytes: 1024 });

  for (let i = 0; i < 10; i++) {
    traces.append(makeTrace(`e${i}`));
    await traces.flush();
  }

  expect(await readdir(folder)).toContain('traces.jsonl.1');
  expect(await readdir(folder)).not.toContain('traces.jsonl.lock');
});

test('append() counts and reports once when the disk is full', async () => {
  const problems: string[] = [];
  const traces = new TraceFile({ file: '/dev/full', maxBytes: BIG, onProblem: (message) => problems.push(message) });

  traces.append(makeTrace('e1'));
  traces.append(makeTrace('e2'));
  await traces.flush();
  traces.append(makeTrace('e3'));
  await traces.flush();

  expect(traces.dropped).toBe(3);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^Cannot keep every trace in "\/dev\/full": ENOSPC/);
});

test('append() goes on after a folder that could not be written becomes one', async () => {
  const folder = join(await tempFolder(), 'blocked');
  const file = join(folder, 'traces.jsonl');
  await writeFile(folder, 'a file where the folder should be');
  const problems: string[] = [];
  const traces = new TraceFile({ file, maxBytes: BIG, onProblem: (message) => problems.push(message) });

  traces.append(makeTrace('lost'));
  await traces.flush();
  await promisify(execFile)('rm', [folder]);
  traces.append(makeTrace('kept'));
  await traces.flush();

  expect(traces.dropped).toBe(1);
  expect(problems).toHaveLength(1);
  expect((await readTraces(file)).map(({ event }) => event)).toEqual(['kept']);
});

test('append() counts traces that a read-only folder refuses', async () => {
  const folder = join(await tempFolder(), 'read-only');
  await mkdir(folder);
  await chmod(folder, 0o500);
  // Root may write anywhere but into a folder of the kernel.
  const file = process.getuid?.() === 0 ? '/proc/outrigger/traces.jsonl' : join(folder, 'traces.jsonl');
  const problems: string[] = [];
  const traces = new TraceFile({ file, maxBytes: BIG, onProblem: (message) => problems.push(message) });

  traces.append(makeTrace('e1'));
  await traces.flush();

  expect(traces.dropped).toBe(1);
  expect(problems).toHaveLength(1);
});

test('append() drops what is larger than the file may become, and what is no JSON', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: 4096 });

  traces.append(makeTrace('x'.repeat(5000)));
  traces.append({ ...makeTrace('e1'), unserialisable: 1n } as Trace);
  traces.append(makeTrace('e2'));
  await traces.flush();

  expect(traces.dropped).toBe(2);
  expect((await readTraces(file)).map(({ event }) => event)).toEqual(['e2']);
});

test('append() drops instead of keeping more than 16 MiB in memory', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: 64 * 1024 * 1024 });

  for (let i = 0; i < 20; i++) traces.append(makeTrace(`${i}-${'x'.repeat(1024 * 1024)}`));
  const dropped = traces.dropped;
  await traces.flush();

  expect(dropped).toBe(5);
  expect(await readTraces(file)).toHaveLength(15);
});

test('append() writes by itself what nobody waits for', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: BIG });

  traces.append(makeTrace('e1'));
  await waitUntil(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), 'the trace is in the file');
  traces.append(makeTrace('e2'));
  await waitUntil(() => readFileSync(file, 'utf8').includes('"e2"'), 'the next one too');

  expect(await readTraces(file)).toEqual([makeTrace('e1'), makeTrace('e2')]);
});

test('append() gathers what comes turn after turn: one write for each would rotate the oldest away', async () => {
  const folder = await tempFolder();
  const file = join(folder, 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: 3 * JSON.stringify(makeTrace('e10')).length });

  for (let i = 0; i < 12; i++) {
    traces.append(makeTrace(`e${i}`));
    // A write takes about as many turns.
    for (let turn = 0; turn < 3; turn++) await stat(folder);
  }
  await traces.flush();

  expect((await readTraces(file)).length).toBeGreaterThan(9);
});

test('append() never throws, even when the listener does', async () => {
  const traces = new TraceFile({
    file: '/dev/full',
    maxBytes: BIG,
    onProblem: () => {
      throw new Error('listener');
    },
  });

  traces.append(makeTrace('e1'));
  await traces.flush();

  expect(traces.dropped).toBe(1);
});

test('append() writes one JSON document a line', async () => {
  const file = join(await tempFolder(), 'traces.jsonl');
  const traces = new TraceFile({ file, maxBytes: BIG });

  traces.append(makeTrace('a\nb\u2028c'));
  await traces.flush();

  const lines = (await readFile(file, 'utf8')).split('\n');
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? '')).toEqual(makeTrace('a\nb\u2028c'));
});
