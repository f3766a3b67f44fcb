import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeCheck, sandboxChecks, tracesCheck } from '../../../../host/cli/commands/doctor.ts';
import type { Inspection } from '../../../../host/sandbox/machine/inspect-machine.ts';

test.each([
  ['20.19.0', 'fail'],
  ['22.17.9', 'fail'],
  ['22.18.0', 'ok'],
  ['24.0.0', 'ok'],
])('nodeCheck() of %s: %s', (version, status) => {
  expect(nodeCheck(version).status).toBe(status);
});

const NONE: Inspection = {
  layers: [
    { name: 'namespaces', state: 'off', message: 'switched off', fix: 'sysctl' },
    { name: 'landlock', state: 'off', message: 'not there', isOptional: true },
    { name: 'seccomp', state: 'on', message: 'works' },
  ],
  choice: { driver: undefined, why: 'there is no bwrap', fix: 'apt-get install bubblewrap' },
};

test('sandboxChecks() warns of layers that are off, but for optional ones', () => {
  const statuses = sandboxChecks(NONE, []).map(({ check, status, layer }) => [check, status, layer]);
  expect(statuses).toEqual([
    ['namespaces', 'warn', 'off'],
    ['landlock', 'ok', 'off'],
    ['seccomp', 'ok', 'on'],
    ['sandbox', 'warn', undefined],
  ]);
});

test('sandboxChecks() fails when no driver is left for a plugin of the config, and names both', () => {
  expect(sandboxChecks(NONE, ['redact', 'spell']).at(-1)).toEqual({
    check: 'sandbox',
    status: 'fail',
    message: 'nothing confines redact, spell: there is no bwrap',
    fix: 'apt-get install bubblewrap',
  });
});

test('tracesCheck() passes a file that can be made', () => {
  const file = join(tmpdir(), 'outrigger-none/state/traces.jsonl');
  expect(tracesCheck(file)).toEqual({ check: 'traces', status: 'ok', message: file });
});

test('tracesCheck() warns of a file that cannot be made, and of none', () => {
  expect(tracesCheck('/dev/null/state/traces.jsonl')).toMatchObject({
    status: 'warn',
    message: expect.stringMatching(/^cannot be kept in "\/dev\/null\/state\/traces\.jsonl": ENOTDIR/),
    fix: 'set "traces.file" in the config',
  });
  expect(tracesCheck(undefined)).toMatchObject({ status: 'warn', message: 'no traces are kept' });
});
