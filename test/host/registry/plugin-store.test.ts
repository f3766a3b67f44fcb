import { chmod, lstat, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storePath, storePlugin } from '../../../host/registry/plugin-store.ts';
import { hashTree } from '../../../host/registry/tree-hash.ts';
import { writeFiles } from './write-files.ts';

async function plugin() {
  const root = await writeFiles({ 'p/plugin.json': '{}', 'p/bin/run': '#!/bin/sh', 'p/.git/config': 'x', 'p/__pycache__/a.pyc': 'x' });
  await chmod(join(root, 'p/bin/run'), 0o775);
  await symlink('bin/run', join(root, 'p/link'));
  const directory = join(root, 'p');
  const options = { dataDir: join(root, 'data'), cacheDir: join(root, 'cache') };
  return { directory, options, hash: await hashTree(directory, undefined) };
}

test('storePlugin() makes a copy that nobody else may enter, read-only, links as links', async () => {
  const { directory, options, hash } = await plugin();
  const stored = await storePlugin(directory, hash, options);
  expect(stored).toEqual({ directory: storePath(options.dataDir, hash), wasChanged: false });
  expect(stored.directory).toBe(join(options.dataDir, 'store', hash.slice('sha256-'.length)));
  expect((await readdir(stored.directory)).sort()).toEqual(['bin', 'link', 'plugin.json']);
  expect(await readlink(join(stored.directory, 'link'))).toBe('bin/run');
  const mode = async (path: string) => (await stat(path)).mode & 0o777;
  expect(await mode(join(options.dataDir, 'store'))).toBe(0o700);
  expect([await mode(join(stored.directory, 'plugin.json')), await mode(join(stored.directory, 'bin/run'))]).toEqual([0o444, 0o555]);
  expect(await hashTree(stored.directory, undefined)).toBe(hash);
  expect(await readdir(join(options.dataDir, 'store'))).toHaveLength(1);
});

test('storePlugin() says so when the plugin’s folder holds the copies themselves', async () => {
  const { directory, options, hash } = await plugin();
  const inside = { ...options, dataDir: join(directory, '.outrigger') };
  await expect(storePlugin(directory, hash, inside)).rejects.toThrow(/it holds the data of Outrigger itself; move the plugin/);
});

test('storePlugin() leaves a copy that is right as it is', async () => {
  const { directory, options, hash } = await plugin();
  const first = await storePlugin(directory, hash, options);
  const { ino } = await lstat(first.directory);
  expect(await storePlugin(directory, hash, options)).toEqual({ ...first, wasChanged: false });
  expect((await lstat(first.directory)).ino).toBe(ino);
});

test('storePlugin() finds a copy that was changed, and makes it anew', async () => {
  const { directory, options, hash } = await plugin();
  const { directory: copy } = await storePlugin(directory, hash, options);
  await chmod(join(copy, 'plugin.json'), 0o644);
  await writeFile(join(copy, 'plugin.json'), '[]');
  expect(await storePlugin(directory, hash, options)).toEqual({ directory: copy, wasChanged: true });
  expect(await readFile(join(copy, 'plugin.json'), 'utf8')).toBe('{}');
  expect(await readdir(join(options.dataDir, 'store'))).toHaveLength(1);
});

test('storePlugin() does not follow a link in place of the copy', async () => {
  const { directory, options, hash } = await plugin();
  const { directory: copy } = await storePlugin(directory, hash, options);
  await rm(copy, { recursive: true });
  await symlink(directory, copy);
  expect(await storePlugin(directory, hash, options)).toMatchObject({ wasChanged: true });
  expect((await lstat(copy)).isDirectory()).toBe(true);
});

test('storePlugin() refuses what is not the accepted content, and leaves nothing', async () => {
  const { directory, options, hash } = await plugin();
  await writeFile(join(directory, 'plugin.json'), '[]');
  await expect(storePlugin(directory, hash, options)).rejects.toMatchObject({ code: 'PLUGIN_REFUSED' });
  expect(await readdir(join(options.dataDir, 'store'))).toEqual([]);
});

test('storePlugin() makes one copy when several ask at one time', async () => {
  const { directory, options, hash } = await plugin();
  const all = await Promise.all(Array.from({ length: 4 }, () => storePlugin(directory, hash, options)));
  expect(new Set(all.map((stored) => stored.directory)).size).toBe(1);
  expect(await readdir(join(options.dataDir, 'store'))).toHaveLength(1);
  expect(await hashTree(storePath(options.dataDir, hash), undefined)).toBe(hash);
});

test('storePlugin() says when it cannot keep a copy', async () => {
  const { directory, options, hash } = await plugin();
  await writeFile(options.dataDir, 'in the way');
  await expect(storePlugin(directory, hash, options)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
});
