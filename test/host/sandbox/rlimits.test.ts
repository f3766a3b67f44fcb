import { expect, test } from 'vitest';
import { rlimitWords } from '../../../host/sandbox/rlimits.ts';

const limits = { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 64, storageMb: 32 };

test('rlimitWords() limits each process, the largest file by the larger of both disks', () => {
  expect(rlimitWords('/usr/bin/node', limits)).toEqual([
    ...['/usr/bin/prlimit', '--core=0:0', '--nproc=64:64', '--nofile=256:256', '--fsize=67108864:67108864'],
    ...['--data=2147483648:2147483648', '--'],
  ]);
});

test('rlimitWords() limits memory tightly only where an interpreter is known to start with it', () => {
  expect(rlimitWords('/usr/bin/python3.11', limits)).toContain('--data=536870912:536870912');
  expect(rlimitWords('/bin/bash', { ...limits, memoryMb: 16 })).toContain('--data=67108864:67108864');
  expect(rlimitWords('/plugin/run', { ...limits, memoryMb: 4096 })).toContain('--data=4294967296:4294967296');
});
