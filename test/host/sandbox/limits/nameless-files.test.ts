import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { namelessBytes } from '../../../../host/sandbox/limits/nameless-files.ts';
import { folderWith, startConfined } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

const test = testWith('python3', 'python3');
const testBwrap = testWith('bwrap', 'bubblewrap');
const MIB = 1024 * 1024;

/** A program that did this with a nameless file `handle` of two MiB in its folder; killed with the test. */
async function holder(folder: string, then: string): Promise<number> {
  const script = `import os, time
handle = os.open("big", os.O_RDWR | os.O_CREAT)
os.write(handle, bytes(2 << 20))
${then}
print("ready", flush=True)
time.sleep(60)`;
  const child = spawn('python3', ['-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  await once(child.stdout, 'data');
  return child.pid as number;
}

test('namelessBytes() counts a file that was deleted and is open, once, and none that has a name', async () => {
  const folder = folderWith();

  expect(await namelessBytes(await holder(folder, 'pass'), [folder])).toBe(0);
  const bytes = await namelessBytes(await holder(folder, 'os.unlink("big"); again = os.dup(handle)'), [folder]);
  expect(bytes).toBeGreaterThanOrEqual(2 * MIB);
  expect(bytes).toBeLessThan(3 * MIB);
});

test('namelessBytes() counts a file that was deleted and closed, and is mapped', async () => {
  const folder = folderWith();
  const maps = 'libc.mmap(None, ctypes.c_size_t(2 << 20), 1, 1, handle, ctypes.c_long(0))';
  // The mmap module of Python would keep a descriptor of its own.
  const pid = await holder(folder, `import ctypes\nlibc = ctypes.CDLL(None)\n${maps}\nos.unlink("big")\nos.close(handle)`);

  expect(await namelessBytes(pid, [folder])).toBeGreaterThanOrEqual(2 * MIB);
});

test('namelessBytes() counts nothing on other disks, of folders that are not there, or of a process that is gone', async () => {
  const folder = folderWith();
  const pid = await holder(folder, 'os.unlink("big")');

  expect(await namelessBytes(pid, ['/proc'])).toBe(0);
  expect(await namelessBytes(pid, [join(folder, 'none')])).toBe(0);
  expect(await namelessBytes(2 ** 22 - 1, [folder])).toBe(0);
});

testBwrap(
  'a confined plugin is ended that keeps more in deleted files than it may store',
  async () => {
    const data = folderWith();
    mkdirSync(join(data, 'own'), { mode: 0o777 });
    onTestFinished(() => rmSync(join(data, 'own'), { recursive: true, force: true }));
    const script = `import os, time
held = []
for index in range(8):
    name = f"/data/{index}"
    held.append(os.open(name, os.O_RDWR | os.O_CREAT))
    os.unlink(name)
    os.write(held[-1], bytes(1 << 20))
time.sleep(60)`;
    const child = startConfined(['/usr/bin/python3', '-c', script], { dataDir: join(data, 'own'), limits: { storageMb: 4 } });
    const exit = await child.exited;

    expect(exit.limit).toEqual({
      kind: 'disk',
      message: expect.stringContaining('more than 4 MiB, with files that it deleted and keeps open'),
    });
  },
  30_000,
);
