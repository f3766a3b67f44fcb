import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderUse, MAX_ENTRIES } from '../../../../host/sandbox/limits/folder-size.ts';
import { testWhere } from '../../../support/needs.ts';

const MIB = 1024 * 1024;
let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-size-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, bytes: number): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), Buffer.alloc(bytes));
};

test('folderUse() counts all folders and files given, together', async () => {
  write('a/one', MIB);
  write('a/deep/er/two', MIB);
  write('b/three', MIB);
  write('single', MIB);

  const use = await folderUse(
    ['a', 'b', 'single', 'missing'].map((name) => join(root, name)),
    100 * MIB,
  );

  expect(use).toMatchObject({ entries: 5, trouble: undefined });
  expect(use.bytes).toBeGreaterThanOrEqual(4 * MIB);
  expect(use.bytes).toBeLessThan(5 * MIB);
});

test('folderUse() counts holes as if they were full, and a file with two names once', async () => {
  write('sparse', 1);
  truncateSync(join(root, 'sparse'), 50 * MIB);
  write('linked', MIB);
  linkSync(join(root, 'linked'), join(root, 'again'));

  const { bytes } = await folderUse([root], 100 * MIB);

  expect(bytes).toBeGreaterThanOrEqual(51 * MIB);
  expect(bytes).toBeLessThan(52 * MIB);
});

test('folderUse() follows no link, at the root or below', async () => {
  write('big/file', 8 * MIB);
  mkdirSync(join(root, 'folder'));
  symlinkSync(join(root, 'big'), join(root, 'folder/link'));
  symlinkSync(join(root, 'big/file'), join(root, 'folder/file'));
  symlinkSync(join(root, 'big'), join(root, 'top'));

  expect((await folderUse([join(root, 'folder')], 100 * MIB)).bytes).toBeLessThan(MIB);
  expect((await folderUse([join(root, 'top')], 100 * MIB)).bytes).toBeLessThan(MIB);
});

test('folderUse() measures nothing behind a folder that was swapped for a link', async () => {
  write('real/inner/file', 8 * MIB);
  symlinkSync(join(root, 'real'), join(root, 'swapped'));

  expect((await folderUse([join(root, 'real/inner')], 100 * MIB)).entries).toBe(1);
  expect(await folderUse([join(root, 'swapped/inner')], 100 * MIB)).toMatchObject({ entries: 0, bytes: 0 });
});

test('folderUse() stops when there is too much', async () => {
  for (let file = 0; file < 20; file++) write(`f${file}`, MIB);

  const { bytes } = await folderUse([root], 3 * MIB);

  expect(bytes).toBeGreaterThan(3 * MIB);
  expect(bytes).toBeLessThan(6 * MIB);
});

test('folderUse() stops when there are too many', async () => {
  expect(spawnSync('/bin/sh', ['-c', `cd "$1" && seq ${MAX_ENTRIES + 500} | xargs touch`, 'sh', root]).status).toBe(0);

  expect((await folderUse([root], 100 * MIB)).entries).toBe(MAX_ENTRIES + 1);
});

test('folderUse() tells folders nested too deep to be opened', async () => {
  const name = 'x'.repeat(200);
  expect(
    spawnSync('/bin/bash', ['-c', `cd "$1" && for i in {1..25}; do mkdir ${name} && cd -P ${name} || exit 1; done`, 'bash', root]).status,
  ).toBe(0);

  expect((await folderUse([root], 100 * MIB)).trouble).toContain('too deep');
});

testWhere(process.geteuid?.() !== 0, 'root looks into every folder')('folderUse() tells a folder that its owner closed', async () => {
  mkdirSync(join(root, 'closed'));
  chmodSync(join(root, 'closed'), 0);

  expect((await folderUse([root], 100 * MIB)).trouble).toContain('cannot be looked into');
  chmodSync(join(root, 'closed'), 0o700);
});
