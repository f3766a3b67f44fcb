import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { HostError } from '../protocol/errors.ts';

/** Most files, links and folders of one plugin, and most bytes of its files together. */
export const TREE_BOUNDS: { readonly entries: number; readonly bytes: number } = { entries: 50_000, bytes: 512 * 1024 * 1024 };

export interface TreeEntry {
  /** Relative, with slashes. */
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link';
  /** The owner may execute it. */
  readonly executable: boolean;
  /** Text of a link; empty for the others. */
  readonly text: string;
  /** Bytes of a file; 0 for the others. */
  readonly size: number;
}

/** A folder as it was at one moment: names, types and what the file system says of each file, but not their bytes. */
export interface Tree {
  /** Absolute. */
  readonly root: string;
  /** Sorted by path. */
  readonly entries: readonly TreeEntry[];
  /** Changes when any file's size, times, inode or mode does. */
  readonly fingerprint: string;
  /** Latest change of any file, in milliseconds since 1970. */
  readonly newestMs: number;
}

/** Never loaded by a language of its own accord. */
const SKIPPED = new Set(['.git', '.DS_Store']);

export interface TreeOptions {
  /** With `__pycache__` and `*.pyc`, which Python loads in place of the code they were made from. Default false. */
  readonly hasCompiled?: boolean;
  /** Default TREE_BOUNDS. */
  readonly bounds?: typeof TREE_BOUNDS;
}

/**
 * What belongs to a plugin: all but `.git`, `__pycache__`, `*.pyc`, `.DS_Store` and `node_modules/.cache`. No link is followed.
 * Throws PLUGIN_REFUSED for pipes, sockets and devices, for names that are not UTF-8, and beyond TREE_BOUNDS.
 */
export async function readTree(root: string, { hasCompiled = false, bounds = TREE_BOUNDS }: TreeOptions = {}): Promise<Tree> {
  const found: Looked[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names = (
      await readdir(`${root}/${folder}`, { withFileTypes: true }).catch((error) => refuse(root, folder, error.message))
    ).filter(({ name }) => !isSkipped(folder, name) && (hasCompiled || !isCompiled(name)));
    if (found.length + names.length > bounds.entries) refuse(root, '', `it holds more than ${bounds.entries} files`);
    for (let start = 0; start < names.length; start += BATCH) {
      found.push(...(await Promise.all(names.slice(start, start + BATCH).map((entry) => look(root, folder, entry)))));
    }
    folders.push(...names.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name)));
  }
  const bytes = found.reduce((sum, { entry }) => sum + entry.size, 0);
  if (bytes > bounds.bytes) refuse(root, '', `its files are larger than ${bounds.bytes / 1024 / 1024} MiB together`);
  found.sort(({ entry: one }, { entry: other }) => (one.path < other.path ? -1 : 1));
  const fingerprint = createHash('sha256');
  for (const { entry, seen } of found) fingerprint.update([entry.path, entry.type, entry.text, ...seen].join('\0')).update('\0\0');
  return {
    root,
    entries: found.map(({ entry }) => entry),
    fingerprint: fingerprint.digest('hex'),
    newestMs: found.reduce((newest, { changedMs }) => Math.max(newest, changedMs), 0),
  };
}

const BATCH = 256;

interface Looked {
  readonly entry: TreeEntry;
  readonly seen: readonly (bigint | number)[];
  readonly changedMs: number;
}

async function look(root: string, folder: string, { name }: Dirent): Promise<Looked> {
  const path = join(folder, name);
  if (name.includes('\ufffd')) refuse(root, path, 'its name is not UTF-8');
  const file = `${root}/${path}`;
  const stats = await lstat(file, { bigint: true }).catch((error) => refuse(root, path, error.message));
  const { size, mtimeNs, ctimeNs, ino, mode, ctimeMs } = stats;
  const none = { path, executable: false, text: '', size: 0 } as const;
  // A folder's own times change with what is skipped inside it.
  if (stats.isDirectory()) return { entry: { ...none, type: 'folder' }, seen: [], changedMs: 0 };
  const seen = [size, mtimeNs, ctimeNs, ino, mode];
  if (stats.isSymbolicLink()) {
    const text = await readlink(file).catch((error) => refuse(root, path, error.message));
    return { entry: { ...none, type: 'link', text }, seen, changedMs: Number(ctimeMs) };
  }
  if (!stats.isFile()) refuse(root, path, 'it is a pipe, a socket or a device; a plugin holds files, folders and links only');
  const executable = (mode & 0o100n) !== 0n;
  return { entry: { path, type: 'file', executable, text: '', size: Number(size) }, seen, changedMs: Number(ctimeMs) };
}

function isSkipped(folder: string, name: string): boolean {
  if (SKIPPED.has(name)) return true;
  return name === '.cache' && (folder === 'node_modules' || folder.endsWith('/node_modules'));
}

function isCompiled(name: string): boolean {
  return name === '__pycache__' || name.endsWith('.pyc');
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function refuse(root: string, path: string, why: string): never {
  const cause = why.replace(/, (lstat|readlink|scandir|open) '.*/s, '');
  throw new HostError('PLUGIN_REFUSED', `Cannot use the plugin in "${root}": ${path === '' ? '' : `"${path}": `}${cause}`);
}
