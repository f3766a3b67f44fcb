import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { processTree } from '../../../../host/sandbox/limits/process-tree.ts';
import { testWith } from '../../../support/needs.ts';
import { isAlive } from '../../../support/supervise.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const started: ChildProcess[] = [];
afterEach(async () => {
  const pids = started.flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...processTree(pid)]));
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  started.length = 0;
  await waitUntil(() => !pids.some(isAlive), 'no process left');
});

test('processTree() finds grandchildren, the process first', async () => {
  const child = spawn('/bin/sh', ['-c', '/bin/sh -c "sleep 60 & sleep 60 & echo ready; wait" & wait'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');

  const tree = processTree(child.pid as number);

  expect(tree[0]).toBe(child.pid);
  expect(tree).toHaveLength(4);
  expect(tree.every(isAlive)).toBe(true);
});

testWith('python3', 'python3')('processTree() finds children that another thread started', async () => {
  const script = 'import subprocess, threading\nt = threading.Thread(target=lambda: subprocess.run(["sleep", "60"]))\nt.start()\nt.join()';
  const child = spawn('python3', ['-c', script], { stdio: 'inherit' });
  started.push(child);

  await waitUntil(() => processTree(child.pid as number).length === 2, 'the child of the thread');
});

test('processTree() is empty for a process that is gone', async () => {
  const child = spawn('/bin/true');
  await once(child, 'exit');

  expect(processTree(child.pid as number)).toEqual([]);
});
