import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { judgeLayers, kernelUidBelow, LAYERS, type LayerInput } from '../../../../host/sandbox/attacks/attack-layers.ts';

const HOST = { user: 'u1', pid: 'p1', net: 'n1', ipc: 'i1', uts: 't1', mnt: 'm1' };
const INPUT: LayerInput = {
  facts: {
    seccomp: 2,
    noNewPrivs: 1,
    capabilities: ['0000000000000000', '0000000000000000'],
    namespaces: { user: 'u2', pid: 'p2', net: 'n2', ipc: 'i2', uts: 't2', mnt: 'm2' },
    limits: { core: '0', openFiles: '256' },
    hasPermissionModel: true,
  },
  driver: 'bubblewrap',
  hostNamespaces: HOST,
  limits: { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 64, storageMb: 64 },
  hold: { driver: 'bubblewrap', grade: 'os', limits: 'hard', limiter: 'cgroup v1' },
  hasHardMemory: true,
  kernelUid: 1000,
  expect: [],
};

function missing(input: LayerInput): string[] {
  return judgeLayers(input)
    .filter(({ engaged, promised }) => promised && !engaged)
    .map(({ name }) => name);
}

test('judgeLayers() finds all layers of bubblewrap engaged', () => {
  expect(missing(INPUT)).toEqual([]);
  expect(judgeLayers(INPUT).every(({ engaged, promised }) => engaged && promised)).toBe(true);
});

test.each([
  ['net-namespace', { namespaces: { ...INPUT.facts?.namespaces, net: 'n1' } }],
  ['user-namespace', { namespaces: { ...INPUT.facts?.namespaces, user: '' } }],
  ['seccomp', { seccomp: 0 }],
  ['no-new-privs', { noNewPrivs: 0 }],
  ['capabilities', { capabilities: ['0000000000000000', '0000000000000001'] }],
  ['rlimits', { limits: { core: '0', openFiles: '1048576' } }],
  ['rlimits', { limits: { core: 'unlimited', openFiles: '256' } }],
  ['node-permission', { hasPermissionModel: false }],
])('judgeLayers() misses %s when it is not there: %j', (name, change) => {
  expect(missing({ ...INPUT, facts: { ...INPUT.facts, ...change } as NonNullable<LayerInput['facts']> })).toEqual([name]);
});

test('judgeLayers() misses the cgroup only where the kernel has one, and the ordinary user when the plugin is root', () => {
  const soft = { ...INPUT, hold: { ...INPUT.hold, limits: 'soft' } as NonNullable<LayerInput['hold']> };

  expect(missing(soft)).toEqual(['cgroup']);
  expect(missing({ ...soft, hasHardMemory: false })).toEqual([]);
  expect(missing({ ...soft, hasHardMemory: false, expect: ['cgroup'] })).toEqual(['cgroup']);
  expect(missing({ ...INPUT, kernelUid: 0 })).toEqual(['ordinary-user']);
  expect(missing({ ...INPUT, kernelUid: undefined })).toEqual(['ordinary-user']);
});

test('judgeLayers() takes silence of the program for nothing engaged', () => {
  const silent = missing({ ...INPUT, facts: undefined, hold: undefined, kernelUid: undefined });

  expect(silent).toEqual(LAYERS);
});

test('kernelUidBelow() gives the user id of the last process of a tree', () => {
  const child = spawn('/bin/sleep', ['60']);
  try {
    expect(kernelUidBelow(child.pid ?? 0)).toBe(process.getuid?.());
    expect(kernelUidBelow(2 ** 30)).toBeUndefined();
  } finally {
    child.kill('SIGKILL');
  }
});
