import { join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { gatherCandidates, safeMode } from '../../../host/registry/gather-candidates.ts';
import { loadConfig } from '../../../host/registry/load-config.ts';
import { manifest, writeFiles } from './write-files.ts';

async function gather(files: Record<string, unknown>, config: Config, without: string[] = []) {
  const root = await writeFiles(files);
  const loaded = await loadConfig({ config, cwd: root, env: {} });
  return { root, ...(await gatherCandidates(loaded, { cacheDir: undefined, without: new Set(without) })) };
}

test('gatherCandidates() keeps the order of the config and puts what was found after it', async () => {
  const files = { 'p/a/plugin.json': manifest('a'), 'p/b/plugin.json': manifest('b'), 'p/c/plugin.json': manifest('c') };
  const { candidates } = await gather(files, { pluginFolders: ['p'], plugins: { c: {}, a: {} } });
  expect(candidates.map(({ name, order, entry }) => [name, order, entry !== undefined])).toEqual([
    ['c', 0, true],
    ['a', 1, true],
    ['b', 2, false],
  ]);
});

test('gatherCandidates() finds an entry without path by the name in the manifest', async () => {
  const { root, candidates } = await gather({ 'p/folder/plugin.json': manifest('a') }, { pluginFolders: ['p'], plugins: { a: {} } });
  expect(candidates.map(({ directory }) => directory)).toEqual([join(root, 'p/folder')]);
});

test.each<[string, Config, RegExp]>([
  ['nowhere to look', { plugins: { a: {} } }, /give its "path", or the "pluginFolders"/],
  ['a similar name', { pluginFolders: ['p'], plugins: { protct: {} } }, /did you mean "protect"\?$/],
])('gatherCandidates() explains an entry it cannot find: %s', async (_, config, message) => {
  const { candidates } = await gather({ 'p/protect/plugin.json': manifest('protect') }, config);
  expect(candidates[0]?.problems[0]?.message).toMatch(message);
});

test('gatherCandidates() reports two folders with one name and uses the first', async () => {
  const files = { 'p/one/plugin.json': manifest('a'), 'p/two/plugin.json': manifest('a') };
  const { root, candidates, problems } = await gather(files, { pluginFolders: ['p'], plugins: { a: {} } });
  expect(candidates.map(({ directory }) => directory)).toEqual([join(root, 'p/one')]);
  expect(problems).toMatchObject([{ severity: 'error', file: join(root, 'p/two/plugin.json'), line: 1, plugin: 'a' }]);
});

test('gatherCandidates() does not call a plugin in a plugin folder twice when its path is given too', async () => {
  const { problems } = await gather({ 'p/a/plugin.json': manifest('a') }, { pluginFolders: ['p'], plugins: { a: { path: 'p/a' } } });
  expect(problems).toEqual([]);
});

test.each<[string, Config, string | undefined]>([
  ['its own word', { plugins: { a: { enabled: false } } }, 'plugins.a.enabled is false'],
  ['its set', { plugins: { a: {} }, sets: { s: { plugins: ['a'], enabled: false } } }, 'sets.s.enabled is false'],
  ['its own word over its set', { plugins: { a: { enabled: true } }, sets: { s: { plugins: ['a'], enabled: false } } }, undefined],
  [
    'the nearest set',
    { plugins: { a: {} }, sets: { far: { sets: ['near'], enabled: false }, near: { plugins: ['a'], enabled: true } } },
    undefined,
  ],
])('gatherCandidates() switches off by %s', async (_, config, reason) => {
  const { candidates } = await gather({}, config);
  expect(candidates[0]?.off?.reason).toBe(reason);
});

test('gatherCandidates() leaves a plugin out by name, even one that was merely found', async () => {
  const { candidates } = await gather({ 'p/folder/plugin.json': manifest('b') }, { pluginFolders: ['p'], plugins: { a: {} } }, ['a', 'b']);
  expect(candidates.map(({ name, off }) => [name, off?.state])).toEqual([
    ['a', 'without'],
    ['b', 'without'],
  ]);
});

test('gatherCandidates() warns when the plugin to leave out does not exist', async () => {
  const { problems } = await gather({}, { plugins: { protect: { enabled: false } } }, ['protct']);
  expect(problems.map(({ severity, message }) => [severity, message])).toEqual([
    ['warning', 'Cannot leave out plugin "protct": no plugin has that name; did you mean "protect"?'],
  ]);
});

test('gatherCandidates() does not take a found plugin called "constructor" for a listed one', async () => {
  const { candidates } = await gather({ 'p/folder/plugin.json': manifest('constructor') }, { pluginFolders: ['p'], plugins: {} });
  expect(candidates.map(({ name, entry }) => [name, entry])).toEqual([['constructor', undefined]]);
});

test('safeMode() switches all off', () => {
  expect(safeMode({ plugins: { a: {}, b: { enabled: false } } }).map(({ off }) => off?.state)).toEqual(['without', 'without']);
});
