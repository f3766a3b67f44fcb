import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findHierarchies } from '../../../../host/sandbox/limits/cgroup-folders.ts';
import { findLimiter } from '../../../../host/sandbox/limits/limiter.ts';
import { testWhere } from '../../../support/needs.ts';

const NOBODY = 65534;
const PROGRAM = `
import { findLimiter, prepareLimits } from '${resolve('host/sandbox/limits/limiter.ts')}';
import { spawn } from 'node:child_process';
const limiter = findLimiter('cgroup1');
const limits = { memoryMb: 64, cpu: 1, pids: 8, openFiles: 64, tmpMb: 1, storageMb: 1 };
const prepared = prepareLimits(limiter, 'sample', limits);
const [file, ...words] = prepared.words;
const child = spawn(file, [...words, '/bin/sh', '-c', 'cat /proc/self/cgroup; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
const hold = prepared.hold({ pid: child.pid, writable: [], onExceeded() {} });
const cgroup = String(await new Promise((resolve) => child.stdout.once('data', resolve)));
child.once('exit', () => hold.close());
child.stdin.end();
console.log(JSON.stringify({ kind: limiter.kind, label: limiter.label, hard: [...hold.hard], cgroup }));
`;

test('findLimiter() finds the same every time, and says what is hard or what is missing', () => {
  const limiter = findLimiter();

  expect(findLimiter()).toBe(limiter);
  expect(limiter.label).not.toBe('');
  for (const name of ['memory', 'pids', 'cpu'] as const) {
    if (!limiter.hard.has(name)) expect(limiter.gap).toMatchObject({ why: expect.any(String), fix: expect.any(String) });
  }
});

test('findLimiter() takes the one it is told to, else the watchdog, never another', () => {
  for (const kind of ['cgroup2', 'systemd', 'cgroup1', 'watchdog'] as const) expect([kind, 'watchdog']).toContain(findLimiter(kind).kind);
  expect(findLimiter('watchdog')).toMatchObject({ kind: 'watchdog', hard: new Set(), gap: { why: expect.stringContaining('asks for') } });
});

test('findLimiter() refuses a word it does not know', () => {
  expect(() => findLimiter('cgroups')).toThrow('it is one of cgroup2, systemd, cgroup1, watchdog');
});

const v1 = process.platform === 'linux' ? hierarchies().v1 : {};
const folders: string[] = Object.values(v1).map(({ root }) => join(root, 'outrigger'));
const canPrepare = process.geteuid?.() === 0 && findLimiter('cgroup1').kind === 'cgroup1' && !folders.some((folder) => existsSync(folder));

testWhere(canPrepare, 'no cgroup v1 that root may give away')(
  'findLimiter() finds groups of cgroup v1 that an administrator gave to an ordinary user',
  () => {
    for (const folder of folders) {
      mkdirSync(folder);
      for (const path of [folder, join(folder, 'cgroup.procs'), join(folder, 'tasks')]) chownSync(path, NOBODY, NOBODY);
    }
    try {
      const words = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups', process.execPath];
      const node = ['--conditions=@outrigger/source', '--input-type=module', '-e', PROGRAM];
      const told = JSON.parse(execFileSync('setpriv', [...words, ...node], { encoding: 'utf8', cwd: '/', timeout: 20_000 }));

      expect(told).toMatchObject({ kind: 'cgroup1', label: expect.stringContaining('/outrigger'), hard: ['memory', 'pids', 'cpu'] });
      expect(told.cgroup).toMatch(/memory:\/outrigger\/outrigger-\d+-\d+/);
    } finally {
      for (const folder of folders) rmdirSync(folder);
    }
  },
);

function hierarchies(): ReturnType<typeof findHierarchies> {
  return findHierarchies(readFileSync('/proc/self/cgroup', 'utf8'), readFileSync('/proc/self/mountinfo', 'utf8'));
}
