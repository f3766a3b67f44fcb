import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdsForks, reaped, SHELL } from '../../../../host/sandbox/drivers/reaped.ts';
import { testWith } from '../../../support/needs.ts';
import { waitUntil } from '../../../support/wait-until.ts';

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-reaped-'));
  children = [];
});

afterEach(() => {
  for (const { pid, exitCode, signalCode } of children)
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: () => string;
  readonly ended: Promise<number | NodeJS.Signals>;
}

function run(args: readonly string[]): Run {
  const child = spawn(SHELL, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  (child.stdout as Readable).on('data', (chunk) => (text += chunk));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? (signal as NodeJS.Signals))),
  );
  return { pid: child.pid as number, stdin: child.stdin as Writable, stdout: () => text, ended };
}

const at = (name: string): string => join(folder, name);

const CLEANUP = 'sleep 0.2; echo "$1 $2" > "$2/cleaned"';
const testReaped = testWith('setsid', 'util-linux');

/** Stands for a container client: its work goes on in a session of its own when it is killed. */
const CLIENT = [SHELL, '-c', `setsid sleep 600 >/dev/null 2>&1 & echo $! > "$0/work"; echo up; cat; exit 9`];

testReaped('reaped() gives the code, the input and the output of its client, and is cleaned up after before it ends', async () => {
  const started = run(reaped('tool', folder, { cleanup: CLEANUP, client: [SHELL, '-c', 'cat; echo told >&2; exit 9'] }));
  started.stdin.end('hello\n');
  expect(await started.ended).toBe(9);
  expect(readFileSync(at('cleaned'), 'utf8')).toBe(`tool ${folder}\n`);
  expect(started.stdout()).toBe('hello\n');
});

testReaped('reaped() cleans up when its whole process group is killed', async () => {
  const cleanup = `kill -9 $(cat "$2/work"); touch "$2/cleaned"`;
  const started = run(reaped('tool', folder, { cleanup, client: [...CLIENT, folder] }));
  await waitUntil(() => started.stdout().includes('up') && existsSync(at('work')), 'the client is up');
  const work = Number(readFileSync(at('work'), 'utf8'));
  expect(isAlive(work)).toBe(true);
  process.kill(-started.pid, 'SIGKILL');
  expect(await started.ended).toBe('SIGKILL');
  await waitUntil(() => existsSync(at('cleaned')), 'the watcher cleans up');
  await waitUntil(() => !isAlive(work), 'the work that outlived the client ends');
});

test.each([
  ['started\n', true],
  ['started\nforked\n', false],
  ['', false],
])('holdsForks() of %j is %s', (stdout, holds) => {
  expect(holdsForks(stdout)).toBe(holds);
});

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
