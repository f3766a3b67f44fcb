import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HostError } from '../../protocol/errors.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Makes a folder that only this user can enter, or makes sure that the one there is. Whoever gets through it is this user or root:
 * Node cannot ask a socket who is at its other end, so owner and mode of the folder and the socket are the check of the peer.
 * Throws STORAGE_FAILED.
 */
export async function makeOwnFolder(folder: string): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new HostError('STORAGE_FAILED', `Cannot make the folder "${folder}": ${message}`, { cause: error });
  }
  const refusal = folderRefusal(await look(folder));
  if (refusal !== undefined) throw new HostError('STORAGE_FAILED', `Cannot use the folder "${folder}": ${refusal}`);
}

/** Makes sure that nobody else can put a socket in the place of one in this folder; throws STORAGE_FAILED. */
export async function assertSafeFolder(folder: string): Promise<void> {
  const stats = await look(folder);
  const isShared = (stats.mode & STICKY) !== 0 && stats.isDirectory();
  const refusal = isShared ? undefined : folderRefusal(stats);
  if (refusal !== undefined) throw new HostError('STORAGE_FAILED', `Cannot use the folder "${folder}": ${refusal}`);
}

async function look(folder: string): Promise<Stats> {
  try {
    return await lstat(folder);
  } catch (error) {
    throw new HostError('STORAGE_FAILED', `Cannot use the folder "${folder}": ${(error as Error).message}`, { cause: error });
  }
}

/** Why somebody else could change what lies in it. */
function folderRefusal(stats: Stats): string | undefined {
  if (!stats.isDirectory()) return 'it is no folder; remove it';
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  if (stats.uid !== uid && stats.uid !== 0) return `it belongs to another user (uid ${stats.uid}); remove it`;
  if (stats.mode & WRITABLE_BY_OTHERS) return 'others may write to it; run chmod 700 on it';
  return undefined;
}
