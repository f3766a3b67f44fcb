import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { PROBE_LIMITS } from '../../../../host/sandbox/limits/settings.ts';
import { followScope, hardIn, scopeIn, scopePrefix } from '../../../../host/sandbox/limits/systemd-scope.ts';

test('scopePrefix() starts the command in a scope of the user, with an empty environment', () => {
  const words = scopePrefix(1000, PROBE_LIMITS);

  expect(words.slice(0, 7)).toEqual([
    '/usr/bin/env',
    '-i',
    'XDG_RUNTIME_DIR=/run/user/1000',
    '/usr/bin/systemd-run',
    '--user',
    '--scope',
    '--quiet',
  ]);
  expect(words).toContain('MemoryMax=67108864');
  expect(words.slice(-3)).toEqual(['--', '/usr/bin/env', '-i']);
});

test('scopePrefix() asks the system’s manager for a host run by root', () => {
  expect(scopePrefix(0, PROBE_LIMITS)).not.toContain('--user');
  expect(scopePrefix(0, PROBE_LIMITS).join(' ')).not.toContain('XDG_RUNTIME_DIR');
});

test('scopeIn() takes scopes of systemd-run alone', () => {
  const base = '/user.slice/user-1000.slice/user@1000.service/app.slice';

  expect(scopeIn(`0::${base}/run-r0a1b2.scope\n`)).toBe(`${base}/run-r0a1b2.scope`);
  expect(scopeIn(`4:memory:/x\n0::${base}/run-u12.scope\n`)).toBe(`${base}/run-u12.scope`);
  expect(scopeIn('0::/user.slice/user-1000.slice/session-3.scope\n')).toBeUndefined();
  expect(scopeIn('')).toBeUndefined();
});

test('hardIn() believes numbers, not words', () => {
  expect(hardIn('memory 67108864\npids 20\ncpu 100000 100000\n')).toEqual(new Set(['memory', 'pids', 'cpu']));
  expect(hardIn('memory 67108864\npids 20\n')).toEqual(new Set(['memory', 'pids']));
  expect(hardIn('memory 67108864\npids 20\ncpu max 100000\n')).toEqual(new Set(['memory', 'pids']));
  expect(hardIn('memory max\npids 20\n')).toBeUndefined();
  expect(hardIn('')).toBeUndefined();
});

test('followScope() says nothing of a process that is in no scope', () => {
  const { pid } = spawnSync('/bin/true');
  const scope = followScope(pid, process.geteuid?.() ?? 0);

  expect(scope.wasEndedForMemory()).toBe(false);
  scope.close();
});
