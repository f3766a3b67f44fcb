import { randomUUID } from 'node:crypto';
import { chmod, copyFile, lstat, mkdir, realpath, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../protocol/errors.ts';
import { isWithin } from '../sandbox/policy/real-path.ts';
import { readTree } from './read-tree.ts';
import { hashTree } from './tree-hash.ts';

export interface StoreOptions {
  readonly dataDir: string;
  readonly cacheDir: string | undefined;
}

export interface StoredPlugin {
  readonly directory: string;
  /** True: the copy that was there is not what it was made of any more, and was replaced. */
  readonly wasChanged: boolean;
}

/** Where the copy of a content lies, whether it is there or not. */
export function storePath(dataDir: string, hash: string): string {
  return join(dataDir, 'store', hash.replace(/^sha256-/, ''));
}

/**
 * The copy of exactly this content, made of `directory` when it is missing. It is looked at every time: a copy that somebody
 * changed is made anew. Nothing in it is executed by the host, links are copied as links. Throws PLUGIN_REFUSED or STORAGE_FAILED.
 */
export async function storePlugin(directory: string, hash: string, { dataDir, cacheDir }: StoreOptions): Promise<StoredPlugin> {
  const target = storePath(dataDir, hash);
  await makeStore(join(dataDir, 'store'));
  const there = await hashThere(target, cacheDir);
  if (there === hash) return { directory: target, wasChanged: false };
  const made = await copyTree(directory, hash, join(dataDir, 'store'));
  try {
    // Renamed, not removed: a plugin that runs from it must not lose its files one by one.
    if (there !== undefined) await rename(target, `${made}.old`);
    await rename(made, target);
  } catch (error) {
    // Another host may have been faster.
    if ((await hashThere(target, undefined)) !== hash) throw failed(target, error);
  } finally {
    await removeTree(made);
    await removeTree(`${made}.old`);
  }
  return { directory: target, wasChanged: there !== undefined };
}

async function makeStore(store: string): Promise<void> {
  try {
    await mkdir(store, { recursive: true, mode: 0o700 });
    const stats = await lstat(store);
    const uid = process.getuid?.();
    if (!stats.isDirectory() || (uid !== undefined && stats.uid !== uid)) throw new Error('it is not a folder of this user');
    if ((stats.mode & 0o077) !== 0) await chmod(store, 0o700);
  } catch (error) {
    throw failed(store, error);
  }
}

/** Undefined: there is nothing. */
async function hashThere(target: string, cacheDir: string | undefined): Promise<string | undefined> {
  const stats = await lstat(target).catch(() => undefined);
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? hashTree(target, cacheDir).catch(() => 'unreadable') : 'no folder';
}

/** A copy beside the others under a name of its own, compared with the hash once it is complete. */
async function copyTree(directory: string, hash: string, store: string): Promise<string> {
  const copy = join(store, `.${randomUUID()}`);
  try {
    const { root, entries } = await readTree(directory);
    if (isWithin(await realpath(store), await realpath(root))) {
      const why = 'it holds the data of Outrigger itself; move the plugin to a folder of its own, or set "dataDir"';
      throw new HostError('PLUGIN_REFUSED', `Cannot copy the plugin in "${directory}": ${why}`);
    }
    await mkdir(copy, { mode: 0o700 });
    for (const { path, type, executable, text } of entries) {
      const to = join(copy, path);
      if (type === 'folder') await mkdir(to, { mode: 0o755 });
      else if (type === 'link') await symlink(text, to);
      else {
        await copyFile(join(root, path), to);
        await chmod(to, executable ? 0o555 : 0o444);
      }
    }
    await chmod(copy, 0o755);
    const made = await hashTree(copy, undefined);
    if (made === hash) return copy;
    throw new HostError('PLUGIN_REFUSED', `Cannot copy the plugin in "${directory}": it changed while it was copied; try again`);
  } catch (error) {
    await removeTree(copy);
    throw error instanceof HostError ? error : failed(copy, error);
  }
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

function failed(path: string, error: unknown): HostError {
  const message = `Cannot keep a copy of an accepted plugin in "${path}": ${(error as Error).message}`;
  return new HostError('STORAGE_FAILED', message, { cause: error });
}
