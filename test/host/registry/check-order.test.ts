import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRegistry } from '../../../host/registry/load-registry.ts';
import { manifest, writeFiles } from './write-files.ts';

const heard = (settings: object) => ({ hooks: { 'conda.pre_command': settings } });

async function load(files: Record<string, unknown>) {
  const root = await writeFiles(files);
  return { root, registry: await loadRegistry({ cwd: root, env: {} }) };
}

test('checkOrder() breaks the plugin that closes a circle, in the file that asks for it', async () => {
  const { root, registry } = await load({
    'p/a/plugin.json': manifest('a', heard({ before: ['b'] })),
    'p/b/plugin.json': manifest('b'),
    'p/c/plugin.json': manifest('c'),
    'outrigger.yaml': 'pluginFolders: [p]\nplugins:\n  a: {trust: full}\n  b:\n    trust: full\n    before: [a]\n  c: {trust: full}\n',
  });
  expect([...registry.plugins.values()].map(({ name, state }) => [name, state])).toEqual([
    ['a', 'enabled'],
    ['b', 'broken'],
    ['c', 'enabled'],
  ]);
  expect(registry.subscriptions.get('conda.pre_command')?.map(({ plugin }) => plugin)).toEqual(['a', 'c']);
  expect(registry.problems).toMatchObject([{ plugin: 'b', file: join(root, 'outrigger.yaml'), line: 6, pointer: '/plugins/b/before' }]);
  expect(registry.plugins.get('b')?.reason).toMatch(/go round in a circle: "\w" → "\w" → "\w" \(conda.pre_command\)$/);
});

test('checkOrder() reports a wish against the modes and keeps the plugin', async () => {
  const { registry } = await load({
    'p/a/plugin.json': manifest('a', heard({ mode: 'audit', before: ['b'] })),
    'p/b/plugin.json': manifest('b'),
    'outrigger.yaml': 'pluginFolders: [p]\nplugins: {a: {trust: full}, b: {trust: full}}\n',
  });
  expect(registry.problems).toMatchObject([
    { severity: 'error', plugin: 'a', message: expect.stringMatching(/always runs before mode audit/) },
  ]);
  expect(registry.plugins.get('a')?.state).toBe('enabled');
});

test('checkOrder() reports a wish of the config once, however many hook points it spoils', async () => {
  const hooks = { hooks: { 'conda.pre_command': { mode: 'audit' }, 'conda.post_command': { mode: 'audit' } } };
  const { registry } = await load({
    'p/a/plugin.json': manifest('a', hooks),
    'p/b/plugin.json': manifest('b', hooks),
    'outrigger.yaml': 'pluginFolders: [p]\nplugins: {a: {trust: full, mode: transform, after: [b]}, b: {trust: full}}\n',
  });
  expect(registry.problems.filter(({ pointer }) => pointer === '/plugins/a/after')).toHaveLength(1);
});

test('checkOrder() warns of an unknown name, not of one that is switched off or called default', async () => {
  const { registry } = await load({
    'p/a/plugin.json': manifest('a', heard({ after: ['of', 'off', 'default'] })),
    'outrigger.yaml': 'pluginFolders: [p]\nplugins: {a: {trust: full}, off: {enabled: false}}\n',
  });
  expect(registry.problems.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    'warning: "a" wants to run after "of", but no plugin has that name; did you mean "off"?',
  ]);
});
