import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inheritedSocket, Notifier } from '../../../../host/daemon/control/notifier.ts';
import { testWithAll } from '../../../support/needs.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const testWithSystemd = testWithAll({ 'systemd-notify': 'systemd', python3: 'python3' });
const LISTENER = fileURLToPath(new URL('plays-systemd.py', import.meta.url));
let folder: string;
let warnings: unknown[][];
let systemd: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-notify-'));
  warnings = [];
  systemd = undefined;
});

afterEach(async () => {
  systemd?.kill();
  await rm(folder, { recursive: true, force: true });
});

const log = { debug: () => {}, info: () => {}, warn: (...words: unknown[]) => warnings.push(words), error: () => {} };

async function listener(): Promise<{ heard: string[]; env: Record<string, string | undefined> }> {
  const socket = join(folder, 'notify');
  const heard: string[] = [];
  systemd = spawn('python3', [LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: systemd.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) =>
    heard.push(JSON.parse(line) as string),
  );
  await waitUntil(() => heard.length === 1, 'the listener');
  heard.length = 0;
  return { heard, env: { NOTIFY_SOCKET: socket, PATH: process.env['PATH'] } };
}

/** Without what systemd-notify says for its own sake. */
function said(heard: readonly string[]): string[] {
  return heard.filter((message) => message !== 'BARRIER=1').map((message) => message.trimEnd());
}

testWithSystemd('Notifier says ready, reloading with the time, ready again and stopping, in order', async () => {
  const { heard, env } = await listener();
  const notifier = new Notifier(env, log, 4711);
  const before = process.hrtime.bigint() / 1000n;
  void notifier.ready('Serving');
  void notifier.reloading();
  void notifier.ready('Serving');
  void notifier.stopping();
  await notifier.close();
  await waitUntil(() => said(heard).length === 4, 'four messages');
  const [ready, reloading, again, stopping] = said(heard);
  expect(ready?.split('\n')).toEqual(expect.arrayContaining(['READY=1', 'STATUS=Serving', 'MAINPID=4711']));
  const [, usec] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)/.exec(reloading ?? '') ?? [];
  expect(BigInt(usec ?? 0)).toBeGreaterThanOrEqual(before);
  expect(again).toContain('READY=1');
  expect(stopping).toContain('STOPPING=1');
  expect(warnings).toEqual([]);
});

testWithSystemd('Notifier feeds the watchdog from ready on, when it is meant for this process', async () => {
  const { heard, env } = await listener();
  const other = new Notifier({ ...env, WATCHDOG_USEC: '40000', WATCHDOG_PID: '1' }, log);
  await other.ready('Serving');
  const notifier = new Notifier({ ...env, WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) }, log);
  await notifier.ready('Serving');
  await waitUntil(() => heard.filter((message) => message.includes('WATCHDOG=1')).length >= 3, 'three signs of life');
  await notifier.close();
  await other.close();
});

test('Notifier says nothing where nobody listens', async () => {
  const notifier = new Notifier({ WATCHDOG_USEC: '1000' }, log);
  await notifier.ready('Serving');
  await notifier.close();
  expect(warnings).toEqual([]);
});

test('Notifier warns once when it cannot tell, and tries no more', async () => {
  const notifier = new Notifier({ NOTIFY_SOCKET: join(folder, 'nobody'), PATH: folder }, log);
  await notifier.ready('Serving');
  await notifier.stopping();
  await notifier.close();
  expect(warnings).toEqual([
    [
      'cannot tell systemd how the service is',
      { reason: expect.stringContaining('systemd-notify'), unsaid: expect.stringContaining('READY=1') },
    ],
  ]);
});

test.each([
  [{ LISTEN_PID: '7', LISTEN_FDS: '1' }, 3],
  [{ LISTEN_PID: '8', LISTEN_FDS: '1' }, undefined],
  [{ LISTEN_PID: '7', LISTEN_FDS: '0' }, undefined],
  [{ LISTEN_PID: '7' }, undefined],
  [{}, undefined],
])('inheritedSocket() of %j for process 7', (env, descriptor) => {
  expect(inheritedSocket(env, 7)).toBe(descriptor);
});
