import { chmod, lutimes, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashTree } from '../../../host/registry/tree-hash.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { writeFiles } from './write-files.ts';

const FILES = { 'plugin.json': '{}', 'src/main.mjs': 'run()', 'src/data.bin': new Uint8Array([0, 1, 2]) };

const make = (): Promise<string> => writeFiles(FILES);

test('hashTree() is the same for the same content in another place, at another time, under another umask', async () => {
  const [one, other] = [await make(), await make()];
  await chmod(join(other, 'plugin.json'), 0o600);
  await utimes(join(other, 'plugin.json'), 1, 1);
  await mkdir(join(other, '.git'));
  expect(await hashTree(one, undefined)).toMatch(/^sha256-[0-9a-f]{64}$/);
  expect(await hashTree(other, undefined)).toBe(await hashTree(one, undefined));
});

test.each<[string, (root: string) => Promise<unknown>]>([
  ['a byte', (root) => writeFile(join(root, 'src/main.mjs'), 'ruN()')],
  ['a name', (root) => rename(join(root, 'src/main.mjs'), join(root, 'src/Main.mjs'))],
  ['the executable bit', (root) => chmod(join(root, 'src/main.mjs'), 0o755)],
  ['a new empty file', (root) => writeFile(join(root, 'src/new'), '')],
  ['a new empty folder', (root) => mkdir(join(root, 'src/new'))],
  ['a file less', (root) => rm(join(root, 'src/data.bin'))],
  ['a new link', (root) => symlink('main.mjs', join(root, 'src/link'))],
  [
    'a byte moved from one file to the next',
    async (root) => {
      await writeFile(join(root, 'plugin.json'), '{');
      await writeFile(join(root, 'src/data.bin'), '}\0\x01\x02');
    },
  ],
])('hashTree() sees %s', async (_, change) => {
  const root = await make();
  const before = await hashTree(root, undefined);
  await change(root);
  expect(await hashTree(root, undefined)).not.toBe(before);
});

test('hashTree() takes a link for its text, and a file with that text for something else', async () => {
  const [link, other, file] = [await make(), await make(), await make()];
  await symlink('a', join(link, 'x'));
  await symlink('b', join(other, 'x'));
  await writeFile(join(file, 'x'), 'a');
  const hashes = await Promise.all([link, other, file].map((root) => hashTree(root, undefined)));
  expect(new Set(hashes).size).toBe(3);
});

test('hashTree() does not read a folder again that has not changed, and reads one that has', async () => {
  const [root, cacheDir] = [await make(), await writeFiles({})];
  const before = await hashTree(root, undefined);
  // A file that changed just now is not believed in: first the clock has to leave its time behind.
  await waitUntil(async () => {
    await hashTree(root, cacheDir);
    return (await readdir(join(cacheDir, 'trees')).catch(() => [])).length === 1;
  }, 'the hash to be kept');
  const [name = ''] = await readdir(join(cacheDir, 'trees'));
  const file = join(cacheDir, 'trees', name);
  const kept = JSON.parse((await import('node:fs')).readFileSync(file, 'utf8'));
  const marked = `sha256-${'0'.repeat(64)}`;
  await writeFile(file, JSON.stringify({ ...kept, value: { ...kept.value, hash: marked } }), { mode: 0o600 });
  expect(await hashTree(root, cacheDir)).toBe(marked);
  await chmod(join(root, 'plugin.json'), 0o600);
  expect(await hashTree(root, cacheDir)).toBe(before);
});

test('hashTree() sees a change that sets size and times back', async () => {
  const [root, cacheDir] = [await make(), await writeFiles({})];
  await utimes(join(root, 'src/main.mjs'), 1, 1);
  const before = await hashTree(root, cacheDir);
  await waitUntil(async () => {
    await hashTree(root, cacheDir);
    return (await readdir(join(cacheDir, 'trees')).catch(() => [])).length === 1;
  }, 'the hash to be kept');
  await writeFile(join(root, 'src/main.mjs'), 'evil!'.slice(0, 5));
  await lutimes(join(root, 'src/main.mjs'), 1, 1);
  expect(await hashTree(root, cacheDir)).not.toBe(before);
});

test('hashTree() reads many folders at one time', async () => {
  const roots = await Promise.all(Array.from({ length: 40 }, make));
  expect(new Set(await Promise.all(roots.map((root) => hashTree(root, undefined)))).size).toBe(1);
});

test('hashTree() refuses a folder that is not there', async () => {
  await expect(hashTree('/nonexistent', undefined)).rejects.toMatchObject({ code: 'PLUGIN_REFUSED' });
});
