import { join } from 'node:path';
import { expect, test } from 'vitest';
import { discoverPlugins } from '../../../host/registry/discover-plugins.ts';
import { manifest, writeFiles } from './write-files.ts';

test('discoverPlugins() finds sub-folders with a manifest, by the name in it', async () => {
  const root = await writeFiles({
    'b/plugin.json': manifest('bee'),
    'a/plugin.json': '{',
    'c/README.md': '',
    '.git/plugin.json': '{}',
    'plugin.json': '{}',
  });
  const { plugins, problems } = await discoverPlugins([root], { cacheDir: undefined, skip: new Set() });
  expect(plugins.map(({ name, directory }) => [name, directory])).toEqual([
    ['a', join(root, 'a')],
    ['bee', join(root, 'b')],
  ]);
  expect(problems).toEqual([]);
});

test('discoverPlugins() does not look into what it is told to skip', async () => {
  const root = await writeFiles({ 'a/plugin.json': '{' });
  const { plugins, skipped } = await discoverPlugins([root], { cacheDir: undefined, skip: new Set(['a']) });
  expect([plugins, [...skipped]]).toEqual([[], ['a']]);
});

test('discoverPlugins() reports a folder that is missing and reads the others', async () => {
  const root = await writeFiles({ 'plugins/a/plugin.json': manifest('a') });
  const { plugins, problems } = await discoverPlugins([join(root, 'no'), join(root, 'plugins')], { cacheDir: undefined, skip: new Set() });
  expect(plugins).toHaveLength(1);
  expect(problems[0]?.message).toMatch(/^Cannot read the plugin folder ".*no": ENOENT$/);
});
