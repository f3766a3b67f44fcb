import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { Memfds } from '../../../../host/sandbox/limits/memfds.ts';
import { testWith } from '../../../support/needs.ts';

const test = testWith('python3', 'python3');

/** A program with so many files of one MiB in memory, behind so many other descriptors; killed with the test. */
async function holder(files: number, others = 0): Promise<number> {
  const script = `import os, sys, time
others = [os.open("/dev/null", os.O_RDONLY) for _ in range(${others})]
held = [os.memfd_create("part") for _ in range(${files})]
for each in held: os.write(each, bytes(1 << 20))
print("ready", flush=True)
time.sleep(60)`;
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  await once(child.stdout, 'data');
  return child.pid as number;
}

test('lookAt() adds up files in memory, each once', async () => {
  const [one, other] = [await holder(3), await holder(2)];

  expect(new Memfds().lookAt([one, other, one])).toBe(5 * 1024);
});

test('lookAt() goes on where it stopped when many descriptors are open, and keeps what it knows', async () => {
  const pid = await holder(2, 800);
  const memfds = new Memfds();

  const looks = [memfds.lookAt([pid]), memfds.lookAt([pid]), memfds.lookAt([pid])];

  expect(looks).toEqual([0, 2048, 2048]);
});

test('lookAt() finds nothing of a process that is gone', () => {
  expect(new Memfds().lookAt([2 ** 22 - 1])).toBe(0);
});
