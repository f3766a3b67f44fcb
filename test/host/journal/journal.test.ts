import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Config, Trace } from '@outrigger/schemas';
import { expect, onTestFinished, test } from 'vitest';
import { Journal, journalFile } from '../../../host/journal/journal.ts';
import { readAllTraces, readRecords } from '../../../host/journal/read-journal.ts';
import { testWhere } from '../../support/needs.ts';
import { makeTrace as oldTrace, tempFolder } from './temp-folder.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('hold-journal.ts', import.meta.url));
const NOBODY = 65534;
const hasNamespaces = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
const NOW = new Date().toISOString();

function makeTrace(event: string): Trace {
  return { ...oldTrace(event), time: NOW };
}

function openJournal(dataDir: string, settings?: Config['journal']): { journal: Journal; problems: string[] } {
  const problems: string[] = [];
  const journal = new Journal({ dataDir, settings, onProblem: (message) => problems.push(message) });
  onTestFinished(() => journal.close());
  return { journal, problems };
}

async function eventsIn(dataDir: string): Promise<string[]> {
  return (await readAllTraces({ file: undefined, journal: journalFile(dataDir) })).map(({ event }) => event);
}

test('trace() and record() are in the file when flush() settles, which only its owner may read', async () => {
  const dataDir = join(await tempFolder(), 'not', 'there', 'yet');
  const { journal, problems } = openJournal(dataDir);
  journal.trace(makeTrace('e1'));
  journal.record({ kind: 'audit', plugin: 'protect', message: 'restarted', data: { by: 'somebody' } });
  await journal.flush();

  expect(await readAllTraces({ file: undefined, journal: journalFile(dataDir) })).toEqual([makeTrace('e1')]);
  expect(await readRecords(journalFile(dataDir))).toEqual([
    { time: expect.any(Number), kind: 'audit', plugin: 'protect', message: 'restarted', data: { by: 'somebody' } },
  ]);
  for (const suffix of ['', '-wal']) expect(statSync(`${journalFile(dataDir)}${suffix}`).mode & 0o777).toBe(0o600);
  expect([problems, journal.lost]).toEqual([[], 0]);
  const numbers = { file: journalFile(dataDir), written: 2, queued: 0, lost: 0, lastProblem: undefined };
  expect(journal.stats()).toEqual({ ...numbers, bytes: expect.any(Number) });
  expect(journal.stats().bytes).toBeGreaterThan(4096);
});

test('two journals share a file, as two hosts do', async () => {
  const dataDir = await tempFolder();
  const [one, other] = [openJournal(dataDir).journal, openJournal(dataDir).journal];
  for (let i = 0; i < 200; i++) {
    one.trace(makeTrace(`one${i}`));
    other.trace(makeTrace(`other${i}`));
    if (i % 20 === 0) await one.flush();
  }
  await Promise.all([one.flush(), other.flush()]);
  expect((await eventsIn(dataDir)).length).toBe(400);
  expect(one.lost + other.lost).toBe(0);
});

test('the oldest traces are removed beyond maxBytes, and one that is too large is not kept', async () => {
  const dataDir = await tempFolder();
  const { journal, problems } = openJournal(dataDir, { maxBytes: 256 * 1024 });
  const large = 'x'.repeat(4000);
  for (let i = 0; i < 500; i++) {
    journal.trace({ ...makeTrace(`e${i}`), session: large });
    if (i % 10 === 0) await journal.flush();
  }
  journal.trace({ ...makeTrace('huge'), session: 'x'.repeat(20_000) });
  await journal.flush();

  const events = await eventsIn(dataDir);
  expect(events.at(-1)).toBe('e499');
  expect(events.length).toBeGreaterThan(20);
  expect(events.length).toBeLessThan(70);
  expect(statSync(journalFile(dataDir)).size).toBeLessThan(1024 * 1024);
  expect(journal.lost).toBe(1);
  expect(problems).toEqual([expect.stringContaining('the trace of event "huge" is too large, raise "journal.maxBytes"')]);
});

test('what is older than maxAgeDays is removed', async () => {
  const dataDir = await tempFolder();
  const old = openJournal(dataDir, { maxAgeDays: 3650 }).journal;
  const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  for (const [event, days] of [
    ['e1', 3],
    ['e2', 1.5],
    ['e3', 0.5],
  ] as const)
    old.trace({ ...makeTrace(event), time: daysAgo(days) });
  await old.close();
  const { journal } = openJournal(dataDir, { maxAgeDays: 1 });
  journal.trace({ ...makeTrace('e4'), time: daysAgo(0) });
  await journal.flush();
  expect(await eventsIn(dataDir)).toEqual(['e3', 'e4']);
});

test('a file that is no database is moved aside with a message, and a new one begun', async () => {
  const dataDir = await tempFolder();
  writeFileSync(journalFile(dataDir), 'no database, but something of somebody'.repeat(100));
  const { journal, problems } = openJournal(dataDir);
  journal.trace(makeTrace('e1'));
  await journal.flush();

  expect(await eventsIn(dataDir)).toEqual(['e1']);
  expect(readFileSync(`${journalFile(dataDir)}.broken`, 'utf8')).toContain('something of somebody');
  expect(problems).toEqual([
    expect.stringMatching(/journal\.db": file is not a database; it was moved to ".*\.broken" and a new one begun$/),
  ]);
  expect(journal.lost).toBe(0);
});

test('a database of another program and a folder in its place are moved aside too', async () => {
  for (const spoil of [foreignDatabase, (file: string): void => void mkdirSync(file)]) {
    const dataDir = await tempFolder();
    spoil(journalFile(dataDir));
    const { journal, problems } = openJournal(dataDir);
    journal.trace(makeTrace('e1'));
    await journal.flush();
    expect(await eventsIn(dataDir)).toEqual(['e1']);
    expect(existsSync(`${journalFile(dataDir)}.broken`)).toBe(true);
    expect(problems).toHaveLength(1);
  }
});

function foreignDatabase(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE traces (something TEXT)');
  database.close();
}

test('a file that is spoilt while it is in use is moved aside, and the batch goes into the new one', async () => {
  const dataDir = await tempFolder();
  const { journal, problems } = openJournal(dataDir);
  for (let i = 0; i < 3000; i++) journal.trace(makeTrace(`a${i}`));
  await journal.flush();
  const checkpoint = new DatabaseSync(journalFile(dataDir));
  checkpoint.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  checkpoint.close();
  const { size } = statSync(journalFile(dataDir));
  const file = openSync(journalFile(dataDir), 'r+');
  // Everything behind the first page; the cache of the other thread is let go by the change of the file.
  writeSync(file, Buffer.alloc(size - 4096, 0x58), 0, size - 4096, 4096);
  const touch = new DatabaseSync(journalFile(dataDir));
  touch.exec('PRAGMA user_version = 1');
  touch.close();
  for (let i = 0; i < 50; i++) journal.trace(makeTrace(`b${i}`));
  await journal.flush();

  expect((await eventsIn(dataDir)).at(-1)).toBe('b49');
  expect(journal.lost).toBe(0);
  expect(problems).toEqual([expect.stringContaining('it was moved to')]);
});

test('a file of a newer version is left alone; what cannot be kept is counted', async () => {
  const dataDir = await tempFolder();
  const first = openJournal(dataDir).journal;
  first.trace(makeTrace('e1'));
  await first.close();
  const database = new DatabaseSync(journalFile(dataDir));
  database.exec('PRAGMA user_version = 99');
  database.close();
  const { journal, problems } = openJournal(dataDir);
  journal.trace(makeTrace('e2'));
  await journal.flush();

  expect(await eventsIn(dataDir)).toEqual(['e1']);
  expect(problems).toEqual([expect.stringContaining('a newer version of Outrigger made it')]);
  expect(journal.lost).toBe(1);
});

test('a read-only file is moved aside; in a read-only folder everything is counted as lost', async () => {
  const folder = await tempFolder();
  const isRoot = process.getuid?.() === 0;
  const own = (path: string, mode: number): void => {
    if (isRoot) chownSync(path, NOBODY, NOBODY);
    chmodSync(path, mode);
  };
  const hold = async (dataDir: string): Promise<string> => {
    const args = ['--conditions=@outrigger/source', PROGRAM, dataDir, '3'];
    return (await run(process.execPath, args, isRoot ? { uid: NOBODY, gid: NOBODY } : {})).stdout;
  };
  own(folder, 0o700);
  const first = openJournal(folder).journal;
  first.trace(makeTrace('e1'));
  await first.close();
  own(journalFile(folder), 0o400);
  expect(await hold(folder)).toMatch(/moved to ".*journal\.db\.broken" and a new one begun\nlost 0\n$/);

  own(journalFile(folder), 0o400);
  own(folder, 0o500);
  onTestFinished(() => own(folder, 0o700));
  expect(await hold(folder)).toMatch(/^Cannot keep everything in the journal: .*\nlost 3\n$/s);
}, 30_000);

test('a disk that does not take anything delays nobody: what waits is bounded, counted beyond, and written later', async () => {
  const dataDir = await tempFolder();
  const { journal, problems } = openJournal(dataDir, { maxBytes: 1024 * 1024 * 1024 });
  journal.trace(makeTrace('e0'));
  await journal.flush();
  const other = new DatabaseSync(journalFile(dataDir));
  other.exec('BEGIN IMMEDIATE');
  const large = { ...makeTrace('large'), session: 'x'.repeat(1024 * 1024) };
  const begin = performance.now();
  for (let i = 0; i < 20; i++) journal.trace(large);
  const took = performance.now() - begin;
  other.exec('COMMIT');
  other.close();
  await journal.flush();

  expect(took).toBeLessThan(1000);
  expect((await eventsIn(dataDir)).length).toBe(1 + 15);
  expect(journal.lost).toBe(5);
  expect(problems).toEqual([expect.stringContaining('events come faster than the disk takes them')]);
});

testWhere(hasNamespaces, 'no mount namespace can be made')(
  'a full disk is told of and counted, and stops nobody',
  async () => {
    const folder = await tempFolder();
    const script = `mount -t tmpfs -o size=256k,mode=700 tmpfs "$1" && "$2" --conditions=@outrigger/source "$3" "$1" 60; ls "$1"`;
    const args = ['-rm', 'sh', '-c', script, 'sh', folder, process.execPath, PROGRAM];
    const { stdout } = await run('unshare', args);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^Cannot keep everything in the journal: (database or disk is full|disk I\/O error)$/);
    expect(lines.filter((line) => line.startsWith('Cannot')).length).toBeLessThan(4);
    expect(Number(/^lost (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(10);
    expect(stdout).toContain('journal.db');
  },
  30_000,
);
