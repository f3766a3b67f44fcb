import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { identityFromPs, processIdentity } from '../../../../host/daemon/control/process-identity.ts';
import { testWith } from '../../../support/needs.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function started(command: string): Promise<ChildProcess> {
  const child = spawn(command, ['60']);
  children.push(child);
  await once(child, 'spawn');
  return child;
}

test('processIdentity() is the same as long as a process lives, and none afterwards', async () => {
  const child = await started('sleep');
  const identity = await processIdentity(child.pid as number);
  expect(identity).toEqual(expect.any(String));
  expect(await processIdentity(child.pid as number)).toBe(identity);
  expect(await processIdentity(process.pid)).not.toBe(identity);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await processIdentity(child.pid as number)).toBeUndefined();
});

test('processIdentity() is not misled by the name of a program', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-name-'));
  const program = join(folder, 'a) Z 1 (b');
  await symlink('/bin/sleep', program);
  const [odd, plain] = [await started(program), await started('sleep')];
  const times = [odd, plain].map(async ({ pid }) => Number((await processIdentity(pid as number))?.split(' ').at(-1)));
  const [one = 0, other = 0] = await Promise.all(times);
  // In hundredths of a second since the machine began.
  expect(Math.abs(one - other)).toBeLessThan(1000);
  expect(one).toBeGreaterThan(0);
  await rm(folder, { recursive: true });
});

testWith('ps', 'procps')('identityFromPs() tells a process that lives from one that does not', async () => {
  const child = await started('sleep');
  expect(await identityFromPs(child.pid as number)).toMatch(/\d\d:\d\d:\d\d/);
  expect(await identityFromPs(2 ** 22 + 1)).toBeUndefined();
});
