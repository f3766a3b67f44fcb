import { closeSync, constants, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { errorText } from '../protocol/errors.ts';

export interface DatabaseOptions {
  readonly file: string;
  /** Makes the tables of a new file. */
  readonly schema: string;
  /** Tells our files from others: a number of our own for each kind. */
  readonly applicationId: number;
  /** Layout of the tables; a file with a higher number was made by a newer host. */
  readonly version: number;
  /** Only one process at a time may have it open. */
  readonly isExclusive: boolean;
  /** Told when a file that could not be used was moved out of the way. */
  readonly onProblem: (message: string) => void;
}

/** Primary result codes of SQLite: https://sqlite.org/rescode.html */
const READONLY = 8;
const CORRUPT = 11;
const CANTOPEN = 14;
const NOTADB = 26;
/** A file that will not be any better tomorrow. */
const SPOILT: ReadonlySet<number> = new Set([READONLY, CORRUPT, CANTOPEN, NOTADB]);
const UNUSABLE: ReadonlySet<string> = new Set(['EACCES', 'EISDIR', 'ELOOP', 'ENXIO', 'EPERM']);
/** How long another process may hold the file, in milliseconds; only this thread waits. */
const BUSY_MS = 2000;
const WAL_BYTES = 4 * 1024 * 1024;

/** Opens or makes the file, mode 0600. One that is spoilt or read-only is moved to `<file>.broken` first. Throws when there is nothing to be opened. */
export async function openDatabase(options: DatabaseOptions): Promise<DatabaseSync> {
  const { file, onProblem } = options;
  makeFolder(dirname(file));
  try {
    return await open(options);
  } catch (error) {
    if (!isSpoilt(error) || !existsSync(file)) throw error;
    setAside(file);
    onProblem(`Cannot use "${file}": ${errorText(error)}; it was moved to "${file}.broken" and a new one begun`);
    return await open(options);
  }
}

/** Whether the error says that the file is not to be used as it is. */
export function isSpoilt(error: unknown): boolean {
  const { errcode, code = '' } = error as { errcode?: number; code?: string };
  return error instanceof Foreign || UNUSABLE.has(code) || (errcode !== undefined && SPOILT.has(errcode & 0xff));
}

/** Moves the file out of the way, together with what SQLite keeps beside it. One that was moved before is gone then. */
export function setAside(file: string): void {
  rmSync(`${file}.broken`, { recursive: true, force: true });
  renameSync(file, `${file}.broken`);
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
}

/** The file is a database, but not one of ours. */
class Foreign extends Error {}

async function open(options: DatabaseOptions): Promise<DatabaseSync> {
  // Loaded here: only those who keep a journal pay for it.
  const { DatabaseSync } = await import('node:sqlite');
  // SQLite gives what it makes beside a file the same mode.
  closeSync(openSync(options.file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  const database = new DatabaseSync(options.file, { timeout: BUSY_MS });
  try {
    prepare(database, options);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync, { file, schema, applicationId, version, isExclusive }: DatabaseOptions): void {
  if (isExclusive) database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const number = (pragma: string): number => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  const isNew = number('schema_version') === 0;
  if (!isNew && number('application_id') !== applicationId) throw new Foreign('it is a database of another program');
  if (!isNew && number('user_version') > version) throw new Error(`Cannot use "${file}": a newer version of Outrigger made it`);
  // After a crash of this process nothing is lost; after one of the machine, perhaps the last moments.
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${WAL_BYTES}`);
  database.exec(`BEGIN IMMEDIATE; ${schema}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; COMMIT`);
}

/** Not `recursive: true`: Node then tries for ever where a folder cannot be made, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
