import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { daemonPlace } from '../../host/daemon/control/place.ts';
import { waitUntil } from '../support/wait-until.ts';
import { finished } from './cli-place.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const HOLDER = fileURLToPath(new URL('../host/daemon/control/hold-lock.ts', import.meta.url));
let place: DaemonPlaceUnderTest;
let holder: ChildProcess | undefined;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(async () => {
  if (holder !== undefined && holder.signalCode === null) {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  holder = undefined;
  await place.clear();
}, 30_000);

/** Another process with the lock of this place, which never serves; the path of the lock. */
async function holdLock(): Promise<string> {
  const { lock } = await daemonPlace({ config: undefined, cwd: place.folder, env: place.env });
  mkdirSync(place.runFolder, { recursive: true, mode: 0o700 });
  holder = spawn(process.execPath, ['--conditions=@outrigger/source', HOLDER, lock], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(holder.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
  expect(said.toString().trim()).toBe('held');
  return lock;
}

// Shorter than the time a daemon has to start: whoever waited that out would fail here.
test('outrigger start says at once which process has held the lock for long without serving, and what to do', async () => {
  const lock = await holdLock();
  writeFileSync(lock, JSON.stringify({ ...JSON.parse(readFileSync(lock, 'utf8')), since: '2020-01-01T00:00:00.000Z' }));
  const { code, stderr } = await place.run(['start']);
  expect(code).toBe(1);
  expect(stderr).toContain(`Cannot start the daemon: process ${holder?.pid} holds the lock "${lock}" since 2020-01-01T00:00:00.000Z`);
  expect(stderr).toContain(`end it with "kill ${holder?.pid}", or name its socket in OUTRIGGER_SOCKET`);
}, 25_000);

test('outrigger start waits for one that has just begun to start, and says so', async () => {
  await holdLock();
  const starting = place.start(['start']);
  let said = '';
  starting.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const done = finished(starting);
  await waitUntil(() => said.includes(`Process ${holder?.pid} holds the lock of the daemon and does not serve yet`), 'the warning', 20_000);
  expect(starting.exitCode).toBeNull();
  holder?.kill('SIGKILL');
  const { code, stderr } = await done;
  expect(code).toBe(1);
  expect(stderr.split('holds the lock')).toHaveLength(2);
}, 60_000);

test('outrigger up names the process that holds the lock at once', async () => {
  await holdLock();
  const { code, stderr } = await place.run(['up']);
  expect(code).toBe(1);
  expect(stderr).toContain(`one runs already, process ${holder?.pid} since`);
}, 25_000);
