import { expect, test } from 'vitest';
import { rlimitWords } from '../../../../host/sandbox/view/rlimits.ts';
import { runConfined } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

const limits = { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 64, storageMb: 32 };

test('rlimitWords() limits each process, the largest file by the larger of both disks', () => {
  expect(rlimitWords('/usr/bin/node', limits)).toEqual([
    ...['/usr/bin/prlimit', '--core=0:0', '--nproc=64:64', '--nofile=256:256', '--fsize=67108864:67108864'],
    ...['--data=17179869184:17179869184', '--'],
  ]);
});

test('rlimitWords() limits memory tightly only where an interpreter is known to start with it', () => {
  expect(rlimitWords('/usr/bin/python3.11', limits)).toContain('--data=536870912:536870912');
  expect(rlimitWords('/bin/bash', { ...limits, memoryMb: 16 })).toContain('--data=67108864:67108864');
  expect(rlimitWords('/plugin/run', { ...limits, memoryMb: 4096 })).toContain('--data=17179869184:17179869184');
});

testWith('bwrap', 'bubblewrap')('rlimitWords() leaves Node room for eight workers', { timeout: 60_000 }, async () => {
  const script = `const { Worker } = require('node:worker_threads');
    const one = () => new Promise((resolve, reject) => {
      const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1); setInterval(() => {}, 1000)', { eval: true });
      worker.once('message', resolve).once('error', reject);
    });
    Promise.all(Array.from({ length: 8 }, one)).then((all) => { console.log(all.length); process.exit(0); });`;

  const { exit, stdout } = await runConfined([process.execPath, '-e', script], { canFork: false });

  expect({ exit, stdout }).toEqual({ exit: { code: 0 }, stdout: '8\n' });
});
