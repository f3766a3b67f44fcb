import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeWhole } from '../../../host/daemon/write-whole.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-write-whole-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('writeWhole() replaces a file that only its owner may read, and leaves nothing beside it', async () => {
  const file = join(folder, 'kept.json');
  await writeFile(file, 'old', { mode: 0o644 });
  const before = await stat(file);

  await writeWhole(file, 'new');

  expect(await readFile(file, 'utf8')).toBe('new');
  const after = await stat(file);
  expect(after.mode & 0o777).toBe(0o600);
  expect(after.ino).not.toBe(before.ino);
  expect(await readdir(folder)).toEqual(['kept.json']);
});

test('writeWhole() leaves nothing where it cannot put the file', async () => {
  await mkdir(join(folder, 'taken', 'full'), { recursive: true });

  await expect(writeWhole(join(folder, 'taken'), 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  await expect(writeWhole(join(folder, 'none', 'file'), 'new')).rejects.toThrow('ENOENT');

  expect(await readdir(folder)).toEqual(['taken']);
});
