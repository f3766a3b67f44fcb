import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCgroup2, usable } from '../../../../host/sandbox/limits/cgroup2.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'outrigger-cgroup2-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A folder that looks like a group; it takes what is written, but new folders in it are no groups. */
function fixture(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(root, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, name, file), text);
  return join(root, name);
}

test('usable() wants memory and pids', () => {
  expect(usable('cpuset cpu io memory hugetlb pids rdma\n')).toEqual(new Set(['memory', 'pids', 'cpu']));
  expect(usable('memory pids\n')).toEqual(new Set(['memory', 'pids']));
  expect(usable('cpu pids\n')).toBeUndefined();
  expect(usable('')).toBeUndefined();
});

test('findCgroup2() says why there is nothing to use', () => {
  const empty = fixture('empty', { 'cgroup.controllers': '\n' });

  expect(findCgroup2({ v2: undefined, v1: {} })).toEqual({ why: 'no cgroup v2 is mounted' });
  expect(findCgroup2({ v2: { own: empty, root: empty }, v1: {} })).toEqual({ why: `${empty} has no memory and pids controllers` });
  expect(findCgroup2({ v2: { own: join(root, 'absent'), root: empty }, v1: {} })).toMatchObject({ why: expect.stringContaining('ENOENT') });
});

test('findCgroup2() gives controllers on, and still wants a sub-group that works', () => {
  const folder = fixture('own', { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' });

  const found = findCgroup2({ v2: { own: folder, root: folder }, v1: {} });

  expect(readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu');
  expect(found).toMatchObject({ why: expect.stringContaining('memory.max') });
  expect(readdirSync(folder).sort()).toEqual(['cgroup.controllers', 'cgroup.subtree_control']);
});
