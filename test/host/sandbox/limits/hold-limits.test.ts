import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLimiter, type LimitHold, prepareLimits } from '../../../../host/sandbox/limits/limiter.ts';
import { processTree } from '../../../../host/sandbox/limits/process-tree.ts';
import { PIDS_ALLOWANCE } from '../../../../host/sandbox/limits/settings.ts';
import type { ResourceLimits } from '../../../../host/sandbox/types.ts';
import { testWhere, testWith } from '../../../support/needs.ts';
import { isAlive } from '../../../support/supervise.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const LIMITS: ResourceLimits = { memoryMb: 128, cpu: 1, pids: 64, openFiles: 64, tmpMb: 1, storageMb: 2 };
const cgroup1 = findLimiter('cgroup1');
const watchdog = findLimiter('watchdog');
const testGroups = testWhere(cgroup1.kind === 'cgroup1', 'no cgroup v1');

let folder = '';
const started: ChildProcess[] = [];
const holds: LimitHold[] = [];
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-hold-')));
});
afterEach(async () => {
  const pids = started.flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...processTree(pid)]));
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await waitUntil(() => !pids.some(isAlive), 'no process left');
  for (const hold of holds) hold.close();
  await waitUntil(() => groupsLeft().length === 0, 'no group left');
  started.length = 0;
  holds.length = 0;
  rmSync(folder, { recursive: true, force: true });
});

interface Held {
  readonly child: ChildProcess;
  readonly hold: LimitHold;
  /** How often the watchdog found too much. */
  readonly calls: () => number;
  readonly exit: Promise<unknown[]>;
  /** Lets the process run. */
  go(): void;
}

/** Starts a shell that waits, puts it under limits, and kills it as a host does when it exceeds them. */
function held(script: string, more: { limiter?: typeof watchdog; limits?: Partial<ResourceLimits>; writable?: string[] } = {}): Held {
  const prepared = prepareLimits(more.limiter ?? watchdog, 'sample', { ...LIMITS, ...more.limits });
  const [file = '', ...words] = [...prepared.words, '/bin/sh', '-c', `read go; ${script}`];
  const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  let calls = 0;
  const hold = prepared.hold({
    pid: child.pid as number,
    writable: more.writable ?? [],
    onExceeded: () => {
      calls++;
      for (const pid of processTree(child.pid as number)) process.kill(pid, 'SIGKILL');
    },
  });
  holds.push(hold);
  return { child, hold, calls: () => calls, exit: once(child, 'exit'), go: () => child.stdin?.write('go\n') };
}

/** A program that takes memory and keeps it. Bounded: it cannot harm the machine where nothing limits it. */
function taking(megabytes: number): string {
  const script = `const kept = []; for (let i = 0; i < ${megabytes}; i++) kept.push(Buffer.alloc(1048576, 1)); setInterval(() => kept, 1000);`;
  return `exec "${process.execPath}" -e '${script}'`;
}

function groupsLeft(): string[] {
  const folders = cgroup1.bases(LIMITS).map((base) => base.folder);
  return folders.flatMap((each) => readdirSync(each)).filter((name) => name.startsWith(`outrigger-${process.pid}-`));
}

describe('prepareLimits() with groups', () => {
  testGroups('lets the kernel end what takes too much memory, and says so after the exit', async () => {
    const { hold, exit, go, calls } = held(taking(300), { limiter: cgroup1 });
    expect(hold.hard.has('memory')).toBe(true);
    go();

    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(hold.exceeded()).toEqual({ kind: 'memory', message: 'the kernel ended it for memory; its limit is 128 MiB' });
    expect(calls()).toBe(0);
    hold.close();
    expect(hold.exceeded()?.kind).toBe('memory');
  });

  testGroups('holds the process in groups of every controller before its command runs', async () => {
    const { child, hold, go } = held('cat /proc/self/cgroup; exec sleep 60', { limiter: cgroup1 });
    go();

    const [text] = await once(child.stdout as NodeJS.ReadableStream, 'data');

    for (const name of hold.hard) expect(String(text)).toMatch(new RegExp(`[:,]${name}[:,].*/outrigger-${process.pid}-`, 'm'));
  });

  (cgroup1.kind === 'cgroup1' ? testWith('python3', 'python3') : testGroups)('bounds processes and threads together', async () => {
    const script = `import os, time
made = 0
try:
    while made < 100:
        if os.fork() == 0: time.sleep(60)
        made += 1
except OSError: pass
print(made, flush=True)
time.sleep(60)`;
    const { child, go } = held(`exec python3 -c '${script}'`, { limiter: cgroup1, limits: { pids: 20 } });
    go();

    const [text] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(Number(String(text))).toBe(20 + PIDS_ALLOWANCE - 1);
  });

  testGroups('ends what is left when it is closed, and removes the groups', async () => {
    const { child, exit, go, hold } = held('setsid sleep 60 >/dev/null & echo $!; exit 0', { limiter: cgroup1 });
    go();
    const [text] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    const daemon = Number(String(text));
    await exit;
    expect(isAlive(daemon)).toBe(true);
    expect(hold.exceeded()).toBeUndefined();

    hold.close();

    await waitUntil(() => !isAlive(daemon), 'the daemon was ended');
    await waitUntil(() => groupsLeft().length === 0, 'the groups were removed');
  });
});

describe('prepareLimits() with the watchdog', () => {
  test('finds too much memory, once', async () => {
    const { hold, exit, go, calls } = held(taking(300));
    expect([...hold.hard]).toEqual([]);
    go();

    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(hold.exceeded()).toEqual({
      kind: 'memory',
      message: expect.stringMatching(/^it used \d+ MiB of memory; its limit is 128 MiB$/),
    });
    expect(calls()).toBe(1);
  });

  test('adds up what many processes take', async () => {
    const one = `"${process.execPath}" -e 'const kept = Buffer.alloc(50 * 1048576, 1); setInterval(() => kept, 1000)'`;
    const { hold, exit, go } = held(`${one} & ${one} & ${one} & wait`, { limits: { memoryMb: 140 } });
    go();

    await exit;
    expect(hold.exceeded()?.kind).toBe('memory');
  });

  testWith('python3', 'python3')('counts memory that processes share once', async () => {
    const script = `import mmap, os, time
shared = mmap.mmap(-1, 60 << 20)
shared.write(b"x" * (60 << 20))
for _ in range(5):
    if os.fork() == 0:
        sum(shared[0:60 << 20:4096])
        time.sleep(60)
print("ready", flush=True)
time.sleep(60)`;
    const { child, go, hold } = held(`exec python3 -c '${script}'`, { limits: { memoryMb: 200 } });
    go();
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    // Six times 60 MiB were seen by then, if they were not shared out.
    await waitUntil(() => processTree(child.pid as number).length === 6, 'all children');
    await watchdogLooked();

    expect(hold.exceeded()).toBeUndefined();
    expect(isAlive(child.pid as number)).toBe(true);
  });

  testWith('python3', 'python3')('counts files in memory that no process has mapped, each once', async () => {
    const script = `import os, sys, time
held = [os.memfd_create(f"part{at}") for at in range(int(sys.argv[1]))]
for each in held: os.write(each, b"x" * (20 << 20))
more = [os.dup(held[0]) for _ in range(20)]
print("ready", flush=True)
time.sleep(60)`;
    const modest = held(`exec python3 -c '${script}' 2`);
    const greedy = held(`exec python3 -c '${script}' 8`);
    for (const { go } of [modest, greedy]) go();

    expect(await greedy.exit).toEqual([null, 'SIGKILL']);
    expect(greedy.hold.exceeded()?.kind).toBe('memory');
    await watchdogLooked();
    expect(modest.hold.exceeded()).toBeUndefined();
    expect(isAlive(modest.child.pid as number)).toBe(true);
  });

  test('makes the kernel prefer the plugin when the machine runs out of memory', () => {
    const { child } = held('exit 0');

    expect(readFileSync(`/proc/${child.pid}/oom_score_adj`, 'utf8').trim()).toBe('600');
  });
});

describe('prepareLimits() with folders to write', () => {
  test.each([
    ['too much', 'head -c 4000000 /dev/zero >"$1/big"', 'more than 2 MiB'],
    ['too much in holes', 'truncate -s 1G "$1/big"', 'more than 2 MiB'],
    ['too many files', 'cd "$1" && seq 21000 | xargs touch', 'more than 20000 files'],
  ])('finds %s', async (_what, script, message) => {
    const { hold, exit, go } = held(`set -- "${folder}"; ${script}; exec sleep 60`, { writable: [folder], limits: { memoryMb: 4096 } });
    go();

    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(hold.exceeded()).toEqual({ kind: 'disk', message: `the folder it may write holds ${message}` });
  });

  testGroups('watches them also where the kernel limits memory', async () => {
    const script = `head -c 4000000 /dev/zero >"${folder}/big"; exec sleep 60`;
    const { hold, exit, go } = held(script, { writable: [folder], limiter: cgroup1 });
    go();

    await exit;
    expect(hold.exceeded()?.kind).toBe('disk');
  });
});

describe('prepareLimits()', () => {
  test.each([cgroup1, watchdog])('says nothing of a process that keeps its limits ($kind)', async (limiter) => {
    const { hold, exit, go, calls } = held('exit 3', { limiter, writable: [folder] });
    go();

    expect(await exit).toEqual([3, null]);
    expect(hold.exceeded()).toBeUndefined();
    hold.close();
    hold.close();
    expect(hold.exceeded()).toBeUndefined();
    expect(calls()).toBe(0);
  });

  test('is soft, and throws nothing, where no group can be made or the process is gone', () => {
    const { pid } = spawnSync('/bin/true');
    const bases = () => [{ folder: join(folder, 'absent'), settings: [] }];
    const prepared = prepareLimits({ ...cgroup1, bases }, 'sample', LIMITS);
    const hold = prepared.hold({ pid, writable: [], onExceeded: () => {} });
    holds.push(hold);

    expect(prepared.words).toEqual([]);
    expect([...hold.hard]).toEqual([]);
    expect(hold.exceeded()).toBeUndefined();
  });

  testGroups('leaves no group behind when nothing is started', () => {
    prepareLimits(cgroup1, 'sample', LIMITS).discard();

    expect(groupsLeft()).toEqual([]);
  });
});

/** Waits until a plugin that was added later than others was found to exceed its limits: all the others were looked at before. */
async function watchdogLooked(): Promise<void> {
  const { exit, go } = held(taking(60), { limits: { memoryMb: 10 } });
  go();
  await exit;
}
