import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeGroups, removeStale, whyNoGroups } from '../../../../host/sandbox/limits/cgroup.ts';
import { findLimiter } from '../../../../host/sandbox/limits/limiter.ts';
import { PROBE_LIMITS, settingsV2 } from '../../../../host/sandbox/limits/settings.ts';
import { testWhere } from '../../../support/needs.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'outrigger-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const limiter = findLimiter('cgroup1');
const testGroups = testWhere(limiter.kind === 'cgroup1', 'no cgroup v1');

test('makeGroups() leaves nothing behind where settings cannot be made', () => {
  const bases = [
    { folder: root, settings: [] },
    { folder: root, settings: settingsV2(PROBE_LIMITS, new Set()) },
  ];

  expect(() => makeGroups(bases.slice(1))).toThrow('ENOENT');
  expect(() => makeGroups([{ folder: join(root, 'absent'), settings: [] }])).toThrow('ENOENT');
  expect(readdirSync(root)).toEqual([]);
});

test('whyNoGroups() says why a folder is none of cgroups', () => {
  expect(whyNoGroups([{ folder: root, settings: settingsV2(PROBE_LIMITS, new Set()) }])).toContain('memory.max');
  expect(readdirSync(root)).toEqual([]);
});

testGroups('whyNoGroups() finds nothing against groups that can be entered, and leaves none', () => {
  const bases = limiter.bases(PROBE_LIMITS);
  const before = bases.map(({ folder }) => readdirSync(folder).filter((name) => name.startsWith(`outrigger-${process.pid}-`)));

  expect(whyNoGroups(bases)).toBeUndefined();
  expect(bases.map(({ folder }) => readdirSync(folder).filter((name) => name.startsWith(`outrigger-${process.pid}-`)))).toEqual(before);
});

testGroups('makeGroups() gives words that enter every group and become the command', () => {
  const groups = makeGroups(limiter.bases(PROBE_LIMITS));
  const [file = '', ...words] = groups.words;

  const { stdout } = spawnSync(file, [...words, '/bin/cat', '/proc/self/cgroup'], { encoding: 'utf8' });

  expect(groups.folders.length).toBeGreaterThanOrEqual(2);
  for (const folder of groups.folders) expect(stdout).toContain(`/${basename(folder)}\n`);
  groups.remove();
  groups.remove();
  expect(groups.folders.filter((folder) => existsSync(folder))).toEqual([]);
  const after = spawnSync(file, [...words, '/bin/echo', 'started'], { encoding: 'utf8' });
  expect([after.status, after.stdout]).toEqual([125, '']);
});

test('removeStale() removes groups of hosts that are gone, and nothing else', () => {
  const gone = spawnSync('/bin/true').pid;
  const names = [`outrigger-${gone}-1`, `outrigger-${gone}-22`, `outrigger-${process.pid}-1`, `outrigger-${gone}`, `other-${gone}-1`];
  for (const name of [...names, `outrigger-${gone}-3/child`]) mkdirSync(join(root, name), { recursive: true });

  removeStale(root);
  removeStale(join(root, 'absent'));

  expect(readdirSync(root).sort()).toEqual([...names.slice(2), `outrigger-${gone}-3`].sort());
});
