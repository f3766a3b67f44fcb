import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { HostError } from '../../protocol/errors.ts';
import { processIdentity } from './process-identity.ts';

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** Tells the process from a later one with the same number. */
  readonly identity: string;
  /** RFC 3339. */
  readonly since: string;
}

export interface DaemonLock {
  /** Gives the lock back, if it is still ours. Idempotent. */
  release(): Promise<void>;
}

/** Tries to get a lock that others take and give back meanwhile. */
const TRIES = 100;
const PAUSE_MS = 20;

/**
 * Takes the lock for this process; the file appears whole, with its content, or not at all. A lock whose process is gone is taken
 * over, and so is a file that is no lock; no process is ever signalled. Throws STORAGE_FAILED when another process holds it, with the holder as `data`.
 */
export async function takeLock(file: string, what: string): Promise<DaemonLock> {
  const own = await ownText();
  for (let left = TRIES; left > 0; left--) {
    if (await create(file, own)) return { release: () => release(file, own) };
    const found = await readIfThere(file);
    if (found === undefined) continue;
    const holder = await liveHolder(found);
    if (holder !== undefined) throw taken(what, holder);
    if (!(await removeStale(file, found, own))) await pause();
  }
  throw new HostError('STORAGE_FAILED', `Cannot start ${what}: the lock "${file}" is taken and given back all the time; remove it`);
}

/** The process that holds the lock; undefined when there is none, or it is gone. */
export async function lockHolder(file: string): Promise<LockHolder | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : liveHolder(text);
}

/** A link is made at once and never over another file: nobody sees half a lock. */
async function create(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw new HostError('STORAGE_FAILED', `Cannot write the lock "${file}": ${message}`, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Two who find the same stale lock must not both remove it: the second would remove the first one's new lock. Whoever holds the
 * right to remove looks once more, and only then is sure. False when somebody else has that right.
 */
async function removeStale(file: string, stale: string, own: string): Promise<boolean> {
  const right = `${file}.stale`;
  if (!(await create(right, own))) {
    const other = await readIfThere(right);
    // Its holder died in the moment between.
    if (other !== undefined && (await liveHolder(other)) === undefined) await rm(right, { force: true });
    return false;
  }
  try {
    if ((await readIfThere(file)) === stale) await rm(file, { force: true });
    return true;
  } finally {
    await rm(right, { force: true });
  }
}

async function release(file: string, own: string): Promise<void> {
  if ((await readIfThere(file)) === own) await rm(file, { force: true });
}

async function ownText(): Promise<string> {
  const identity = (await processIdentity(process.pid)) ?? '';
  return `${JSON.stringify({ pid: process.pid, identity, since: new Date().toISOString() } satisfies LockHolder)}\n`;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new HostError('STORAGE_FAILED', `Cannot read the lock "${file}": ${message}`, { cause: error });
  }
}

async function liveHolder(text: string): Promise<LockHolder | undefined> {
  const holder = parse(text);
  return holder !== undefined && (await processIdentity(holder.pid)) === holder.identity ? holder : undefined;
}

function parse(text: string): LockHolder | undefined {
  try {
    const { pid, identity, since } = JSON.parse(text) as Partial<LockHolder>;
    const isWhole = Number.isInteger(pid) && (pid as number) > 0 && typeof identity === 'string' && typeof since === 'string';
    return isWhole ? { pid: pid as number, identity: identity as string, since: since as string } : undefined;
  } catch {
    return undefined;
  }
}

function taken(what: string, holder: LockHolder): HostError {
  const message = `Cannot start ${what}: one runs already, process ${holder.pid} since ${holder.since}; stop it with "outrigger stop"`;
  return new HostError('STORAGE_FAILED', message, { data: holder });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
