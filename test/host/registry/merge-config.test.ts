import type { Config } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { absolutePaths, mergeConfigs } from '../../../host/registry/merge-config.ts';

test('absolutePaths() resolves against the folder of the file, and ~ against home', () => {
  const config = {
    catalogs: ['conda', './mine'],
    pluginFolders: ['plugins', '~/plugins'],
    dataDir: 'data',
    traces: { file: '/var/traces' },
    plugins: { a: { path: '../a' }, b: {} },
  };
  expect(absolutePaths(config, '/etc/outrigger', '/home/me')).toEqual({
    catalogs: ['conda', '/etc/outrigger/mine'],
    pluginFolders: ['/etc/outrigger/plugins', '/home/me/plugins'],
    dataDir: '/etc/outrigger/data',
    traces: { file: '/var/traces' },
    plugins: { a: { path: '/etc/a' }, b: {} },
  });
});

test('mergeConfigs() merges plugins by name and key, the stronger first', () => {
  const merged = mergeConfigs(
    { plugins: { b: { priority: 1 }, c: {} } },
    { plugins: { a: {}, b: { priority: 9, trust: 'full', config: { x: 1 } } } },
  );
  expect(merged.plugins).toEqual({ b: { priority: 1, trust: 'full', config: { x: 1 } }, c: {}, a: {} });
  expect(Object.keys(merged.plugins ?? {})).toEqual(['b', 'c', 'a']);
});

test('mergeConfigs() merges limits, traces and sets, and adds folders and catalogs up', () => {
  const strong = { limits: { emitDepth: 2 }, sets: { s: { priority: 1 } }, pluginFolders: ['/p'], catalogs: ['conda'], dataDir: '/strong' };
  const weak = {
    limits: { emitDepth: 9, queueCalls: 5 },
    sets: { s: { plugins: ['a'] } },
    pluginFolders: ['/u', '/p'],
    catalogs: ['/mine'],
    dataDir: '/weak',
  };
  expect(mergeConfigs(strong, weak)).toEqual({
    limits: { emitDepth: 2, queueCalls: 5 },
    sets: { s: { priority: 1, plugins: ['a'] } },
    pluginFolders: ['/p', '/u'],
    catalogs: ['conda', '/mine'],
    dataDir: '/strong',
  });
});

test('mergeConfigs() keeps what only one side says', () => {
  expect(mergeConfigs({}, { plugins: { a: {} } })).toEqual({ plugins: { a: {} } });
});

test('mergeConfigs() keeps a plugin called "constructor"', () => {
  const entry = { path: '/c', trust: 'full' } as const;
  expect(mergeConfigs({ plugins: { constructor: entry } as never }, { plugins: { a: {} } }).plugins).toEqual({ constructor: entry, a: {} });
});

test('mergeConfigs() does not let trust follow a name to another folder', () => {
  const weak = { plugins: { guard: { path: '/good', trust: 'full' as const, grant: { env: ['TOKEN'] }, priority: 1 } } };
  expect(mergeConfigs({ plugins: { guard: { path: '/evil' } } }, weak).plugins?.['guard']).toEqual({ path: '/evil', priority: 1 });
  expect(mergeConfigs({ plugins: { guard: { path: '/good', priority: 2 } } }, weak).plugins?.['guard']).toMatchObject({
    trust: 'full',
    priority: 2,
  });
  expect(mergeConfigs({ plugins: { guard: { priority: 2 } } }, weak).plugins?.['guard']).toMatchObject({ trust: 'full' });
});

test('mergeConfigs() merges the sandbox key by key, and keeps what either file denies every plugin', () => {
  const weak = { sandbox: { requireLock: true, never: ['/a'], limits: { memoryMb: 64, cpu: 1 } } };
  const strong: Config = { sandbox: { driver: 'bubblewrap', never: ['/b'], limits: { cpu: 2 } } };
  expect(mergeConfigs(strong, weak).sandbox).toEqual({
    driver: 'bubblewrap',
    requireLock: true,
    never: ['/b', '/a'],
    limits: { memoryMb: 64, cpu: 2 },
  });
});
