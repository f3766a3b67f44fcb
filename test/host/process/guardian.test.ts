import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { FIXTURES, isAlive } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

const hosts: ChildProcess[] = [];
const started = new Set<number>();
afterEach(() => {
  for (const host of hosts.splice(0)) host.kill('SIGKILL');
  for (const pid of started) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  started.clear();
});

/** Runs a fixture host; the result reads the next line it writes. */
function startHost(program: string, mode = ''): { host: ChildProcess; next: () => Promise<Record<string, number | null>> } {
  const args = ['--conditions=@outrigger/source', `${FIXTURES}/${program}`, mode];
  const host = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  hosts.push(host);
  const lines = createInterface({ input: host.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, number | null>> => {
    const told = JSON.parse((await lines.next()).value ?? '{}') as Record<string, number | null>;
    for (const pid of Object.values(told)) if (pid !== null) started.add(pid);
    return told;
  };
  return { host, next };
}

async function allGone(pids: readonly (number | null | undefined)[]): Promise<void> {
  await waitUntil(() => pids.every((pid) => !isAlive(pid as number)), `no process left of ${pids.join(', ')}`, 5_000);
}

test('guard() leaves no orphan when the host is killed with SIGKILL, grandchildren included', async () => {
  const { host, next } = startHost('host-with-plugin.mjs', 'wait');
  const { plugin, grandchild, guardian } = await next();
  expect([plugin, grandchild, guardian].map((pid) => isAlive(pid as number))).toEqual([true, true, true]);

  host.kill('SIGKILL');

  await allGone([plugin, grandchild, guardian]);
});

test('guard() leaves nothing when the host ends without stopping its plugins', async () => {
  const { next } = startHost('host-with-plugin.mjs', 'end');
  const { plugin, grandchild, guardian } = await next();

  await allGone([plugin, grandchild, guardian]);
});

test('guard() starts a new guardian, with the whole list, when the old one died', async () => {
  const { host, next } = startHost('host-with-plugin.mjs', 'kill-guardian');
  const first = await next();
  const second = await next();
  expect(second['guardian']).not.toBe(first['guardian']);

  host.kill('SIGKILL');

  await allGone([first['plugin'], first['grandchild'], second['second'], second['guardian']]);
});

test('guardianPid() is undefined, and no process runs, when no plugin was ever started', async () => {
  const { next } = startHost('host-with-plugin.mjs', 'nothing');

  expect(await next()).toEqual({ guardian: null });
});

test('unguard() takes a group off the list: it is left alone when the host ends', async () => {
  const { next } = startHost('host-with-two-groups.mjs');
  const { kept, released, guardian } = await next();

  await allGone([kept, guardian]);
  expect(isAlive(released as number)).toBe(true);
});
