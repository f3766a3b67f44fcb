import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { treeMemoryKb } from '../../../../host/sandbox/limits/memory.ts';
import { testWith } from '../../../support/needs.ts';

const test = testWith('python3', 'python3');
const MIB = 1024;
/** What an interpreter itself takes, at most. */
const OWN_KB = 30 * MIB;

/** A program that has done this, and waits; killed with the test. */
async function program(script: string): Promise<number> {
  const whole = `import mmap, os, time\n${script}\nprint("ready", flush=True)\ntime.sleep(60)`;
  const child = spawn('python3', ['-c', whole], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  onTestFinished(async () => {
    process.kill(-(child.pid as number), 'SIGKILL');
    await once(child, 'close');
  });
  await once(child.stdout, 'data');
  return child.pid as number;
}

const ANON = 'anon = bytearray(40 << 20)';
const MAPPED = 'fd = os.memfd_create("m"); os.truncate(fd, 40 << 20); shared = mmap.mmap(fd, 40 << 20); shared.write(bytes(40 << 20))';
const UNMAPPED = 'fds = [os.memfd_create("u") for _ in range(2)]\nfor each in fds: os.write(each, bytes(20 << 20))';

test.each([
  ['of its own', ANON],
  ['in a file in memory that it maps, once', MAPPED],
  ['in files in memory that nobody maps', UNMAPPED],
])('treeMemoryKb() counts memory %s', async (_, script) => {
  const pid = await program(script);

  for (const near of [0, Number.POSITIVE_INFINITY]) {
    const used = treeMemoryKb(pid, near);
    expect(used).toBeGreaterThanOrEqual(40 * MIB);
    expect(used).toBeLessThan(40 * MIB + OWN_KB);
  }
});

test('treeMemoryKb() shares out what several processes map, where it is near the limit', async () => {
  const pid = await program(`${MAPPED}\nfor _ in range(3):\n  if os.fork() == 0:\n    sum(shared[0:40 << 20:4096]); time.sleep(60)`);

  expect(treeMemoryKb(pid, 0)).toBeLessThan(80 * MIB + OWN_KB);
});

test('treeMemoryKb() is 0 for a process that is gone', () => {
  expect(treeMemoryKb(2 ** 22 - 1, 0)).toBe(0);
});
