import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { landlockFilter } from '../../../../host/sandbox/drivers/landlock-filter.ts';
import type { FilterArch } from '../../../../host/sandbox/filter/seccomp-calls.ts';
import { testWith } from '../../../support/needs.ts';

testWith('bwrap', 'bubblewrap')('landlockFilter() refuses new modes, owners, times and signals, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-filter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, 'text', { mode: 0o600 });
  writeFileSync(join(folder, 'filter'), landlockFilter(process.arch as FilterArch));
  const tries = ['chmod 777 "$1"', 'chown "$(id -u)" "$1"', 'touch -d 2001-01-01 "$1"', 'kill -0 $$', 'cat "$1"'];
  const script = tries.map((each) => `${each} >/dev/null 2>&1; echo $?`).join('; ');
  const held = ['--dev-bind', '/', '/', '--seccomp', '3', '--', '/bin/sh', '-c', script, 'sh', file];
  const { stdout } = spawnSync('/bin/sh', ['-c', `exec 3<"$0"; exec /usr/bin/bwrap "$@"`, join(folder, 'filter'), ...held], {
    encoding: 'utf8',
  });
  const [chmod, chown, touch, kill, cat] = stdout.trim().split('\n').map(Number);
  expect({ chmod, chown, touch, kill }).toEqual({ chmod: 1, chown: 1, touch: 1, kill: 1 });
  expect(cat).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('landlockFilter() exists for both architectures, with words of eight bytes', () => {
  for (const arch of ['x64', 'arm64'] as const) expect(landlockFilter(arch).length % 8).toBe(0);
  expect(landlockFilter('x64').equals(landlockFilter('arm64'))).toBe(false);
});
