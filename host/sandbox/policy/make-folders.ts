import { closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../protocol/errors.ts';
import type { Policy } from '../types.ts';

const PRIVATE = 0o700;
/** Linux: a handle of a folder that need not be readable. Node does not name it. */
const O_PATH = 0o10000000;

/** Makes the folders a policy writes to or masks (data, cache, granted paths that do not exist yet, our own), mode 0700; follows no link while doing so. Throws STORAGE_FAILED. */
export function makeFolders(policy: Policy): void {
  const masked = (policy.masks ?? []).map(({ make }) => make);
  const own = [policy.dataDir, policy.cacheDir, ...masked].filter((folder) => folder !== undefined);
  for (const path of [...own, ...policy.write.map(({ source }) => source)]) {
    try {
      if (process.platform === 'linux') makeByHandles(path);
      else makeByNames(path);
    } catch (error) {
      const { message } = error as Error;
      throw new HostError('STORAGE_FAILED', `Cannot make the folder "${path}" for plugin "${policy.plugin}": ${message}`, { cause: error });
    }
  }
}

// Each step is taken from the handle of the folder before it, so that a folder which is swapped for a link meanwhile leads nowhere.
function makeByHandles(path: string): void {
  let handle = openSync('/', O_PATH | constants.O_DIRECTORY);
  try {
    const names = path.split('/').filter((name) => name !== '');
    for (const [index, name] of names.entries()) {
      const next = step(`/proc/self/fd/${handle}/${name}`, index === names.length - 1);
      closeSync(handle);
      handle = next;
    }
  } finally {
    closeSync(handle);
  }
}

// The last one may be a file that exists: with O_PATH even a link opens, so that what it is has to be asked.
function step(path: string, isLast: boolean): number {
  make(path);
  if (isLast) refuseLink(path);
  return openSync(path, O_PATH | constants.O_NOFOLLOW | (isLast ? 0 : constants.O_DIRECTORY));
}

function makeByNames(path: string): void {
  let at = '/';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = join(at, name);
    make(at);
    refuseLink(at);
  }
}

function make(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  try {
    mkdirSync(path, { mode: PRIVATE });
  } catch (error) {
    // Somebody else was faster; what it is now is looked at by the caller.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function refuseLink(path: string): void {
  if (lstatSync(path).isSymbolicLink()) throw new Error('a link stands where the folder should be');
}
