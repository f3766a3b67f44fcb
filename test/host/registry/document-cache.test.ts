import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCached, writeCached } from '../../../host/registry/document-cache.ts';
import { writeFiles } from './write-files.ts';

test('readCached() gives back what writeCached() kept', async () => {
  const folder = join(await writeFiles({}), 'cache');
  await writeCached(folder, 'manifests', 'abc', { name: 'x' });
  expect(await readCached(folder, 'manifests', 'abc')).toEqual({ name: 'x' });
  expect(await readdir(join(folder, 'manifests'))).toEqual(['abc.json']);
});

test('readCached() ignores a corrupt entry', async () => {
  const folder = await writeFiles({});
  await writeCached(folder, 'manifests', 'abc', 1);
  await writeFile(join(folder, 'manifests/abc.json'), '{"stamp": "');
  expect(await readCached(folder, 'manifests', 'abc')).toBeUndefined();
});

test('readCached() ignores an entry checked against other schemas', async () => {
  const folder = await writeFiles({});
  await writeCached(folder, 'manifests', 'abc', 1);
  const file = join(folder, 'manifests/abc.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"stamp":"[^"]*"/, '"stamp":"older"'));
  expect(await readCached(folder, 'manifests', 'abc')).toBeUndefined();
});

test('readCached() does not believe a folder that others can write to', async () => {
  const folder = await writeFiles({});
  await writeCached(folder, 'manifests', 'abc', 1);
  await chmod(join(folder, 'manifests'), 0o777);
  expect(await readCached(folder, 'manifests', 'abc')).toBeUndefined();
});

test('readCached() does not follow a link to a folder of ours with strange content', async () => {
  const folder = await writeFiles({});
  await writeCached(join(folder, 'strange'), 'manifests', 'abc', 1);
  await mkdir(join(folder, 'cache'));
  await symlink(join(folder, 'strange/manifests'), join(folder, 'cache/manifests'));
  expect(await readCached(join(folder, 'cache'), 'manifests', 'abc')).toBeUndefined();
});

test('writeCached() writes nothing where others could write too', async () => {
  const folder = await writeFiles({});
  await mkdir(join(folder, 'manifests'));
  await chmod(join(folder, 'manifests'), 0o777);
  await writeCached(folder, 'manifests', 'abc', 1);
  expect(await readdir(join(folder, 'manifests'))).toEqual([]);
});

test('writeCached() gives up silently where it cannot write', async () => {
  const folder = await writeFiles({ cache: 'a file, not a folder' });
  await expect(writeCached(join(folder, 'cache'), 'manifests', 'abc', 1)).resolves.toBeUndefined();
});

test('writeCached() without a folder keeps nothing', async () => {
  await writeCached(undefined, 'manifests', 'abc', 1);
  expect(await readCached(undefined, 'manifests', 'abc')).toBeUndefined();
});

test('writeCached() makes a folder only the user can enter', async () => {
  const folder = await writeFiles({});
  await mkdir(join(folder, 'inner'));
  await writeCached(join(folder, 'inner'), 'configs', 'abc', 1);
  const { mode } = await (await import('node:fs/promises')).stat(join(folder, 'inner/configs'));
  expect(mode & 0o777).toBe(0o700);
});
