import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockHolder, takeLock } from '../../../../host/daemon/control/daemon-lock.ts';

const HOLDER = fileURLToPath(new URL('hold-lock.ts', import.meta.url));
const children: ChildProcess[] = [];
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-lock-'));
  file = join(folder, 'a.lock');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts a process that takes the lock; settles with what it says. */
async function contender(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--conditions=@outrigger/source', HOLDER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('takeLock() is refused while another process holds the lock, and names it', async () => {
  const { child, said } = await contender();
  expect(said).toBe('held');
  await expect(takeLock(file, 'a daemon')).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringMatching(new RegExp(`^Cannot start a daemon: one runs already, process ${child.pid} since 20`)),
    data: { pid: child.pid },
  });
  expect(await lockHolder(file)).toMatchObject({ pid: child.pid });
});

test('takeLock() takes over the lock of a process that was killed, and release() leaves nothing', async () => {
  const { child } = await contender();
  await kill(child);
  expect(await lockHolder(file)).toBeUndefined();
  const lock = await takeLock(file, 'a daemon');
  expect(await lockHolder(file)).toMatchObject({ pid: process.pid });
  await lock.release();
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test('takeLock() knows a process from a later one with the same number, and leaves it alone', async () => {
  const stranger = spawn('sleep', ['60']);
  children.push(stranger);
  await once(stranger, 'spawn');
  await writeFile(file, JSON.stringify({ pid: stranger.pid, identity: 'an older boot 1', since: '2020-01-01T00:00:00Z' }));
  await takeLock(file, 'a daemon');
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  expect(await lockHolder(file)).toMatchObject({ pid: process.pid });
});

test.each(['', '{', 'null', '[]', '{"pid":-1,"identity":"x","since":"y"}', '{"pid":1}'])(
  'takeLock() takes over a file that is no lock: %s',
  async (text) => {
    await writeFile(file, text);
    await takeLock(file, 'a daemon');
    expect(await lockHolder(file)).toMatchObject({ pid: process.pid });
  },
);

test('release() leaves the lock of a successor', async () => {
  const lock = await takeLock(file, 'a daemon');
  await writeFile(file, 'somebody else’s');
  await lock.release();
  expect(await readFile(file, 'utf8')).toBe('somebody else’s');
});

test('takeLock() gives a stale lock to exactly one of many who find it', async () => {
  for (let round = 0; round < 20; round++) {
    await writeFile(file, JSON.stringify({ pid: 2 ** 22, identity: 'gone', since: '2020-01-01T00:00:00Z' }));
    // Each finds it at another moment, so that some are in the middle when the first has taken over.
    const later = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      return takeLock(file, 'a daemon');
    };
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => later(index * (round % 5))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'fulfilled') await result.value.release();
    expect(await readdir(folder)).toEqual([]);
  }
});

test('takeLock() goes on when a process died in the middle of taking over', async () => {
  const stale = JSON.stringify({ pid: 2 ** 22, identity: 'gone', since: '2020-01-01T00:00:00Z' });
  await writeFile(file, stale);
  await writeFile(`${file}.stale`, stale);
  await takeLock(file, 'a daemon');
  expect(await readdir(folder)).toEqual(['a.lock']);
});

test('takeLock() gives the lock to exactly one of several processes that start at once', async () => {
  const { child } = await contender();
  await kill(child);
  const said = (await Promise.all(Array.from({ length: 5 }, contender))).map(({ said }) => said);
  expect(said.filter((word) => word === 'held')).toHaveLength(1);
  expect(said.filter((word) => word.includes('one runs already'))).toHaveLength(4);
}, 30_000);

test('takeLock() says why when the folder is missing', async () => {
  await expect(takeLock(join(folder, 'missing', 'a.lock'), 'a daemon')).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining('ENOENT'),
  });
});
