import { constants, lstatSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, opendir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Entries after which a measurement stops: what holds more is too much in any case. */
export const MAX_ENTRIES = 20_000;

/** What folders hold together. */
export interface FolderUse {
  readonly entries: number;
  /** Sizes as files tell them, holes included. */
  readonly bytes: number;
  /** Set: something could not be measured that its owner made so; one clause. */
  readonly trouble: string | undefined;
}

/**
 * Measures folders and files, together. Follows no link, leaves no file system, stops above `maxBytes` or MAX_ENTRIES. Files that
 * have no name any more are not seen: see `namelessBytes()`. Never rejects.
 */
export async function folderUse(roots: readonly string[], maxBytes: number): Promise<FolderUse> {
  const walk = new Walk(maxBytes);
  for (const root of roots) await walk.measure(root);
  return walk;
}

class Walk implements FolderUse {
  entries = 0;
  bytes = 0;
  trouble: string | undefined;
  readonly #maxBytes: number;
  readonly #ahead: { path: string; device: number }[] = [];
  /** Files with several names count once. */
  readonly #linked = new Set<string>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async measure(root: string): Promise<void> {
    const stats = await lstat(root).catch(() => undefined);
    if (stats === undefined) return;
    if (stats.isDirectory()) this.#ahead.push({ path: root, device: stats.dev });
    else this.#count(stats);
    for (let next = this.#ahead.pop(); next !== undefined && !this.#isOver(); next = this.#ahead.pop()) {
      await this.#visit(next.path, next.device);
    }
  }

  #isOver(): boolean {
    return this.entries > MAX_ENTRIES || this.bytes > this.#maxBytes || this.trouble !== undefined;
  }

  async #visit(path: string, device: number): Promise<void> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const folder = await stillAt(path, handle);
      if (folder !== undefined && (await handle.stat()).dev === device) await this.#list(folder, path, device);
    } catch (error) {
      this.trouble = await troubleOf(path, error as NodeJS.ErrnoException);
    } finally {
      await handle?.close();
    }
  }

  // Read from the disk in the background, 256 entries at a time; what a slice holds is then in the kernel’s cache, and asking for it
  // at once takes a millisecond, where background work for each took five times as long.
  async #list(folder: string, path: string, device: number): Promise<void> {
    for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
      this.entries++;
      if (this.#isOver()) return;
      const stats = lstatOf(join(folder, name));
      if (stats === undefined || stats.dev !== device) continue;
      if (stats.isDirectory()) this.#ahead.push({ path: join(path, name), device });
      else this.#count(stats);
    }
  }

  #count(stats: Stats): void {
    const key = `${stats.dev}:${stats.ino}`;
    if (stats.nlink > 1 && this.#linked.has(key)) return;
    if (stats.nlink > 1) this.#linked.add(key);
    // Blocks may still be unwritten, or more than the size says.
    this.bytes += Math.max(stats.size, (stats.blocks ?? 0) * 512);
  }
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // Removed with its folder, or closed by its owner: then opening the folder tells.
    return undefined;
  }
}

// O_NOFOLLOW holds for the last name alone. The kernel knows where the handle really is: somewhere else when a folder above was swapped for a link.
async function stillAt(path: string, handle: FileHandle): Promise<string | undefined> {
  if (process.platform !== 'linux') return path;
  const folder = `/proc/self/fd/${handle.fd}`;
  return (await readlink(folder)) === path ? folder : undefined;
}

/** Why a folder cannot be measured, where that is its owner's doing: nesting or modes must not hide anything. */
async function troubleOf(path: string, { code }: NodeJS.ErrnoException): Promise<string | undefined> {
  if (code === 'ENAMETOOLONG') return 'folders nested too deep to be measured';
  if (code !== 'EACCES' && code !== 'EPERM') return undefined;
  const stats = await lstat(path).catch(() => undefined);
  return stats?.uid === process.geteuid?.() ? 'a folder that cannot be looked into' : undefined;
}
