import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../protocol/errors.ts';
import { isSpoilt, openDatabase, setAside } from './database.ts';
import { JOURNAL_ID, JOURNAL_SCHEMA, JOURNAL_VERSION, JournalTables } from './journal-tables.ts';
import { SPOOL_ID, SPOOL_SCHEMA, SPOOL_VERSION, SpoolTables } from './spool-tables.ts';
import type { Batch, BatchReply, JournalOp, SpoolOp, WorkerData } from './types.ts';

// A thread of its own, because a disk may keep whoever writes waiting: measured, 100 ms and more at every checkpoint.

interface Tables {
  apply(op: JournalOp | SpoolOp): unknown;
  /** What was removed that should not have had to be. */
  trim(): string | undefined;
  count?(): void;
  /** Before the file is closed. */
  keepTime?(): void;
}

const REOPEN_MS = 1000;
const data = workerData as WorkerData;
let opened: { readonly database: DatabaseSync; readonly tables: Tables } | undefined;
let failedAt: number = Number.NEGATIVE_INFINITY;
let lastFailure = '';
let found: string | undefined;

// Node 22 warns on stderr that SQLite is an experiment; what matters is pinned by tests.
process.removeAllListeners('warning');
let turn: Promise<void> = Promise.resolve();
parentPort?.on('message', (batch: Batch | 'close') => {
  turn = turn.then(async () => {
    if (batch === 'close') return close();
    found = undefined;
    parentPort?.postMessage(await reply(batch));
  });
});

async function reply({ ops }: Batch): Promise<BatchReply> {
  try {
    const results = await applyAll(ops);
    return { results, problem: found, bytes: bytesOnDisk() };
  } catch (error) {
    return { results: undefined, problem: found ?? errorText(error), bytes: bytesOnDisk() };
  }
}

/** With what SQLite keeps beside it. Looked at here: the disk may take its time. */
function bytesOnDisk(): number {
  try {
    return ['', '-wal', '-shm'].reduce((sum, suffix) => sum + (statSync(data.file + suffix, { throwIfNoEntry: false })?.size ?? 0), 0);
  } catch {
    // What cannot be looked at has no size that matters.
    return 0;
  }
}

/** All or nothing. A file that turns out to be spoilt is moved out of the way, and the batch goes into the new one. */
async function applyAll(ops: Batch['ops']): Promise<unknown[]> {
  try {
    return inTransaction(await tables(), ops);
  } catch (error) {
    if (opened === undefined || !isSpoilt(error)) throw error;
    opened.database.close();
    opened = undefined;
    setAside(data.file);
    const results = inTransaction(await tables(), ops);
    found = `Cannot use "${data.file}": ${errorText(error)}; it was moved to "${data.file}.broken" and a new one begun`;
    return results;
  }
}

function inTransaction({ database, tables }: NonNullable<typeof opened>, ops: Batch['ops']): unknown[] {
  database.exec('BEGIN IMMEDIATE');
  try {
    const results = ops.map((op) => tables.apply(op));
    const removed = tables.trim();
    database.exec('COMMIT');
    found ??= removed;
    return results;
  } catch (error) {
    // SQLite has rolled back by itself when the disk is full.
    if (database.isTransaction) database.exec('ROLLBACK');
    if (!isSpoilt(error)) tables.count?.();
    throw error;
  }
}

async function tables(): Promise<NonNullable<typeof opened>> {
  if (opened !== undefined) return opened;
  if (performance.now() - failedAt < REOPEN_MS) throw new Error(lastFailure);
  try {
    opened = await open();
    return opened;
  } catch (error) {
    failedAt = performance.now();
    lastFailure = errorText(error);
    throw error;
  }
}

async function open(): Promise<NonNullable<typeof opened>> {
  const { file } = data;
  const onProblem = (message: string): void => {
    found = message;
  };
  if (data.kind === 'journal') {
    const ids = { schema: JOURNAL_SCHEMA, applicationId: JOURNAL_ID, version: JOURNAL_VERSION };
    const database = await openDatabase({ file, onProblem, isExclusive: false, ...ids });
    return { database, tables: new JournalTables(database, data.bounds) as Tables };
  }
  const ids = { schema: SPOOL_SCHEMA, applicationId: SPOOL_ID, version: SPOOL_VERSION };
  const database = await openDatabase({ file, onProblem, isExclusive: true, ...ids });
  return { database, tables: new SpoolTables(database, data.bounds) as Tables };
}

function close(): void {
  try {
    opened?.tables.keepTime?.();
  } catch {
    // The disk is full: the next host begins where this one looked last.
  }
  try {
    opened?.database.close();
  } finally {
    parentPort?.close();
  }
}
