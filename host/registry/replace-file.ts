import { randomUUID } from 'node:crypto';
import { chmod, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HostError } from '../protocol/errors.ts';

/** A reader sees the old file or the new one, never half of one; what a link leads to is replaced, not the link. Throws CONFIG_INVALID. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const temporaries: string[] = [];
  try {
    await mkdir(dirname(file), { recursive: true });
    const target = await realpath(file).catch(() => file);
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
    temporaries.push(temporary);
    await writeFile(temporary, text, { mode: 0o644, flag: 'wx' });
    const before = await stat(target).catch(() => undefined);
    if (before !== undefined) await chmod(temporary, before.mode & 0o777);
    await rename(temporary, target);
  } catch (error) {
    for (const temporary of temporaries) await rm(temporary, { force: true });
    throw new HostError('CONFIG_INVALID', `Cannot write "${file}": ${(error as Error).message}`, { cause: error });
  }
}
