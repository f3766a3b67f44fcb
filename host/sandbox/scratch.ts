import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HostError } from '../protocol/errors.ts';
import type { Scratch } from './types.ts';

/** A name that nobody can guess, below a place that no plugin is ever granted: /dev/shm where there is one. */
export function scratchFolder(): string {
  return join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `outrigger-${randomUUID()}`);
}

/** Makes the folder, which must not exist, and writes its files with mode 0600. Throws STORAGE_FAILED. */
export function makeScratch({ folder, files }: Scratch): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, path), content, { flag: 'wx', mode: 0o600 });
    }
  } catch (cause) {
    throw new HostError('STORAGE_FAILED', `Cannot write the sandbox's files "${folder}": ${String(cause)}`, { cause });
  }
}

/** Removes the files that were written, then empty folders; never anything else, so that a mount left in it loses nothing. Idempotent. */
export function removeScratch({ folder, files }: Scratch): void {
  for (const path of Object.keys(files)) attempt(() => unlinkSync(join(folder, path)));
  removeEmpty(folder);
}

function removeEmpty(folder: string): void {
  attempt(() => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
    rmdirSync(folder);
  });
}

function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // Gone already, or not empty: what is left is ours, private, and small.
  }
}
