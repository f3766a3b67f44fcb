import { expect, test } from 'vitest';
import {
  oomKills,
  PIDS_ALLOWANCE,
  PROBE_LIMITS,
  settingsSystemd,
  settingsV1,
  settingsV2,
} from '../../../../host/sandbox/limits/settings.ts';

const LIMITS = { ...PROBE_LIMITS, memoryMb: 256, cpu: 0.5, pids: 40 };
const pairs = (settings: readonly { file: string; value: string }[]): string[] => settings.map(({ file, value }) => `${file} ${value}`);

test('settingsV1() limits swap after memory, and counts the sandbox’s own processes beside the plugin’s', () => {
  expect(pairs(settingsV1('memory', LIMITS))).toEqual([
    'memory.limit_in_bytes 268435456',
    'memory.memsw.limit_in_bytes 268435456',
    'memory.swappiness 0',
  ]);
  expect(pairs(settingsV1('pids', LIMITS))).toEqual([`pids.max ${40 + PIDS_ALLOWANCE}`]);
  expect(pairs(settingsV1('cpu', LIMITS))).toEqual(['cpu.cfs_period_us 100000', 'cpu.cfs_quota_us 50000']);
});

test('settingsV2() limits memory without swap and ends the plugin as one', () => {
  expect(pairs(settingsV2(LIMITS, new Set(['memory', 'pids', 'cpu'])))).toEqual([
    'memory.max 268435456',
    'memory.swap.max 0',
    'memory.oom.group 1',
    `pids.max ${40 + PIDS_ALLOWANCE}`,
    'cpu.max 50000 100000',
  ]);
  expect(pairs(settingsV2(LIMITS, new Set(['memory', 'pids'])))).toHaveLength(4);
});

test('settingsV1() and settingsV2() must be able to set what limits', () => {
  const optional = [...settingsV1('memory', LIMITS), ...settingsV1('pids', LIMITS), ...settingsV2(LIMITS, new Set())]
    .filter(({ isOptional }) => isOptional)
    .map(({ file }) => file);

  expect(optional).toEqual(['memory.memsw.limit_in_bytes', 'memory.swappiness', 'memory.swap.max', 'memory.oom.group']);
});

test('settingsV1() and settingsV2() give no quota that the kernel refuses', () => {
  const tiny = { ...LIMITS, cpu: 0.001 };
  expect(pairs(settingsV1('cpu', tiny))[1]).toBe('cpu.cfs_quota_us 1000');
  expect(pairs(settingsV2(tiny, new Set(['cpu']))).at(-1)).toBe('cpu.max 1000 100000');
});

test('settingsSystemd() says the same as properties', () => {
  expect(settingsSystemd(LIMITS)).toEqual(
    ['MemoryMax=268435456', 'MemorySwapMax=0', `TasksMax=${40 + PIDS_ALLOWANCE}`, 'CPUQuota=50%'].flatMap((each) => ['-p', each]),
  );
});

test('oomKills() reads both kinds of file', () => {
  expect(oomKills('oom_kill_disable 0\nunder_oom 0\noom_kill 2\n')).toBe(2);
  expect(oomKills('low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\noom_group_kill 1\n')).toBe(1);
  expect(oomKills('low 0\n')).toBe(0);
});
