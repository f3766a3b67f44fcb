import { chmod, lstat, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replaceFile } from '../../../host/registry/replace-file.ts';
import { writeFiles } from './write-files.ts';

test('replaceFile() makes the file and its folder', async () => {
  const root = await writeFiles({});
  await replaceFile(join(root, 'a/b.json'), 'new');
  expect(await readFile(join(root, 'a/b.json'), 'utf8')).toBe('new');
});

test('replaceFile() keeps the mode, and replaces what a link leads to', async () => {
  const root = await writeFiles({ real: 'old' });
  await chmod(join(root, 'real'), 0o600);
  await symlink('real', join(root, 'link'));
  await replaceFile(join(root, 'link'), 'new');
  expect((await lstat(join(root, 'link'))).isSymbolicLink()).toBe(true);
  expect([await readFile(join(root, 'real'), 'utf8'), (await stat(join(root, 'real'))).mode & 0o777]).toEqual(['new', 0o600]);
});

test('replaceFile() leaves nothing behind when it cannot', async () => {
  const root = await writeFiles({ 'folder/x': '' });
  await expect(replaceFile(join(root, 'folder'), 'new')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(await readdir(root)).toEqual(['folder']);
});
