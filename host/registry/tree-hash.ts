import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { HostError } from '../protocol/errors.ts';
import { readCached, writeCached } from './document-cache.ts';
import { readTree, type Tree, type TreeEntry, type TreeOptions } from './read-tree.ts';

/** Files read at one time, over all folders. */
const MOST_OPEN = 16;
/** A file changed later than this before the look at it may change again without a trace in its times. */
const SETTLED_MS = 2000;

/**
 * `sha256-…` of a folder: sorted relative paths, types, the owner's executable bit, link texts and bytes; other mode bits, owners
 * and times do not count. A folder of which no file's size, times and inode changed is not read again when there is a `cacheDir`.
 * Throws PLUGIN_REFUSED for what has no place in a plugin, and when it is too large.
 */
export async function hashTree(directory: string, cacheDir: string | undefined, options: TreeOptions = {}): Promise<string> {
  const root = await realpath(directory).catch((error: Error) => fail(directory, error.message, error));
  const begin = Date.now();
  const tree = await readTree(root, options);
  const key = createHash('sha256')
    .update(`${root}\0${options.hasCompiled === true}`)
    .digest('hex');
  const cached = await readCached(cacheDir, 'trees', key);
  if (isKnown(cached) && cached.fingerprint === tree.fingerprint) return cached.hash;
  const hash = await hashOf(tree);
  if (begin - tree.newestMs > SETTLED_MS) await writeCached(cacheDir, 'trees', key, { fingerprint: tree.fingerprint, hash });
  return hash;
}

/** The hash of a tree as it was read; reads its files. */
export async function hashOf(tree: Tree): Promise<string> {
  const digests = await Promise.all(tree.entries.map((entry) => digestOf(tree.root, entry)));
  const hash = createHash('sha256').update('outrigger tree 1\0');
  for (const [index, { path, type, executable }] of tree.entries.entries()) {
    // No path, link text or digest holds a NUL, so every list of fields has one reading.
    hash.update([type, path, executable ? 'x' : '-', digests[index]].join('\0')).update('\0');
  }
  return `sha256-${hash.digest('hex')}`;
}

function isKnown(value: unknown): value is { fingerprint: string; hash: string } {
  const { fingerprint, hash } = (value ?? {}) as { fingerprint?: unknown; hash?: unknown };
  return typeof fingerprint === 'string' && typeof hash === 'string' && /^sha256-[0-9a-f]{64}$/.test(hash);
}

async function digestOf(root: string, { path, type, text, size }: TreeEntry): Promise<string> {
  if (type !== 'file') return text;
  await place();
  try {
    return await digestFile(`${root}/${path}`, size);
  } catch (error) {
    return fail(`${root}/${path}`, (error as Error).message, error);
  } finally {
    leave();
  }
}

/** Of a regular file that is still as long as it was; a link put in its place is not followed, a pipe not waited for. */
async function digestFile(file: string, size: number): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size !== size) throw new Error('it changed while it was read; try again');
    const hash = createHash('sha256');
    // One byte more than there should be: a file that grew meanwhile gets another digest.
    for await (const chunk of handle.createReadStream({ autoClose: false, end: size })) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

let taken = 0;
const waiting: (() => void)[] = [];

async function place(): Promise<void> {
  if (taken >= MOST_OPEN) await new Promise<void>((resolve) => waiting.push(resolve));
  else taken += 1;
}

function leave(): void {
  const next = waiting.shift();
  // Whoever waited takes the place over.
  if (next === undefined) taken -= 1;
  else next();
}

function fail(what: string, why: string, cause: unknown): never {
  throw new HostError('PLUGIN_REFUSED', `Cannot read "${what}" to compare it with what was accepted: ${why}`, { cause });
}
