import { execFileSync } from 'node:child_process';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTree } from '../../../host/registry/read-tree.ts';
import { writeFiles } from './write-files.ts';

test('readTree() lists files, folders and links in order, without what is made on the way', async () => {
  const root = await writeFiles({
    'b.txt': 'bb',
    'a/x.py': 'x',
    'a/__pycache__/x.pyc': 'no',
    'a/y.pyc': 'no',
    '.git/config': 'no',
    '.DS_Store': 'no',
    'node_modules/.cache/x': 'no',
    'node_modules/m/.cache/x': 'yes',
    '.cache/x': 'yes',
  });
  await symlink('../b.txt', join(root, 'a/link'));
  await chmod(join(root, 'b.txt'), 0o755);
  const { entries } = await readTree(root);
  expect(entries.map(({ path, type, executable, text, size }) => [path, type, executable, text, size])).toEqual([
    ['.cache', 'folder', false, '', 0],
    ['.cache/x', 'file', false, '', 3],
    ['a', 'folder', false, '', 0],
    ['a/link', 'link', false, '../b.txt', 0],
    ['a/x.py', 'file', false, '', 1],
    ['b.txt', 'file', true, '', 2],
    ['node_modules', 'folder', false, '', 0],
    ['node_modules/m', 'folder', false, '', 0],
    ['node_modules/m/.cache', 'folder', false, '', 0],
    ['node_modules/m/.cache/x', 'file', false, '', 3],
  ]);
});

test('readTree() lists what Python compiled when it is told to', async () => {
  const root = await writeFiles({ '__pycache__/x.pyc': 'x', 'y.pyc': 'y', '.git/config': 'no' });
  const { entries } = await readTree(root, { hasCompiled: true });
  expect(entries.map(({ path }) => path)).toEqual(['__pycache__', '__pycache__/x.pyc', 'y.pyc']);
});

test('readTree() refuses a pipe', async () => {
  const root = await writeFiles({ 'a/x': '' });
  execFileSync('mkfifo', [join(root, 'a/pipe')]);
  await expect(readTree(root)).rejects.toMatchObject({
    code: 'PLUGIN_REFUSED',
    message: `Cannot use the plugin in "${root}": "a/pipe": it is a pipe, a socket or a device; a plugin holds files, folders and links only`,
  });
});

test('readTree() does not follow a link out of the folder', async () => {
  const root = await writeFiles({ 'in/x': '', 'out/secret': 'much longer' });
  await symlink('../out', join(root, 'in/way'));
  const { entries } = await readTree(join(root, 'in'));
  expect(entries.map(({ path }) => path)).toEqual(['way', 'x']);
});

test('readTree() has bounds for files and bytes', async () => {
  const root = await writeFiles({ a: '12345', b: '67890' });
  await expect(readTree(root, { bounds: { entries: 1, bytes: 100 } })).rejects.toThrow('it holds more than 1 files');
  await expect(readTree(root, { bounds: { entries: 2, bytes: 9 } })).rejects.toThrow('are larger than');
  expect((await readTree(root, { bounds: { entries: 2, bytes: 10 } })).entries).toHaveLength(2);
});

test('readTree() says by its fingerprint that a file changed, and not that something skipped did', async () => {
  const root = await writeFiles({ 'a/x': 'one' });
  const first = (await readTree(root)).fingerprint;
  await writeFile(join(root, 'a/y.pyc'), '');
  expect((await readTree(root)).fingerprint).toBe(first);
  await writeFile(join(root, 'a/x'), 'two');
  expect((await readTree(root)).fingerprint).not.toBe(first);
});
