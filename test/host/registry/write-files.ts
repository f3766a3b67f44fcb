import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A temporary folder with these files (a value that is no text is written as JSON); gone when the test ends. */
export async function writeFiles(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'outrigger-registry-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content, null, 2));
  }
  return folder;
}

/** A manifest that is right, with changes. */
export function manifest(name: string, changes: object = {}): object {
  return { name, version: '1.0.0', runtime: { command: 'node' }, hooks: { 'conda.pre_command': {} }, ...changes };
}
