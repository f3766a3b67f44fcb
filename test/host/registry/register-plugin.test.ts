import type { Config } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { loadRegistry } from '../../../host/registry/load-registry.ts';
import { manifest, writeFiles } from './write-files.ts';

/** Registers the plugin `x` from a manifest and an entry. */
async function register(changes: object, entry: NonNullable<Config['plugins']>[string] = {}) {
  const root = await writeFiles({
    'x/plugin.json': manifest('x', changes),
    'outrigger.json': { plugins: { x: { path: './x', trust: 'full', ...entry } } },
  });
  const registry = await loadRegistry({ cwd: root, env: {} });
  const plugin = registry.plugins.get('x');
  if (plugin === undefined) throw new Error('x is not registered');
  return { registry, plugin, root };
}

test('registerPlugin() enables a trusted plugin and says what it hears', async () => {
  const { registry, plugin, root } = await register({});
  expect(plugin).toMatchObject({
    state: 'enabled',
    reason: undefined,
    directory: `${root}/x`,
    manifestFile: `${root}/x/plugin.json`,
    problems: [],
  });
  expect(plugin.manifestHash).toMatch(/^[0-9a-f]{64}$/);
  expect(registry.subscriptions.get('conda.pre_command')?.map(({ plugin: name }) => name)).toEqual(['x']);
});

test('registerPlugin() keeps an untrusted plugin from running', async () => {
  const { registry, plugin } = await register({ permissions: { run: ['git'] } }, { trust: 'none' });
  expect([plugin.state, registry.subscriptions.size, registry.problems]).toEqual(['untrusted', 0, []]);
});

test("registerPlugin() breaks a plugin whose name is not the config's", async () => {
  const { plugin } = await register({ name: 'y' });
  expect(plugin.state).toBe('broken');
  expect(plugin.problems[0]).toMatchObject({
    line: 2,
    pointer: '/name',
    message: 'The manifest calls the plugin "y", the config "x": use one name in both',
  });
  expect(plugin.reason).toBe('/name: The manifest calls the plugin "y", the config "x": use one name in both');
});

test('registerPlugin() breaks a plugin that hears a hook point its catalog does not have', async () => {
  const { plugin } = await register({ hooks: { 'conda.pre_comand': {} } });
  expect(plugin.state).toBe('broken');
  expect(plugin.problems[0]?.message).toBe('No hook point is called "conda.pre_comand"; did you mean "conda.pre_command"?');
});

test('registerPlugin() drops a subscription whose catalog is not loaded, with a warning', async () => {
  const { registry, plugin } = await register({ hooks: { 'conda.pre_command': {}, 'other.thing': {} } });
  expect(plugin.state).toBe('enabled');
  expect(plugin.problems).toMatchObject([{ severity: 'warning', pointer: '/hooks/other.thing' }]);
  expect([...registry.subscriptions.keys()]).toEqual(['conda.pre_command']);
});

test('registerPlugin() warns of settings for a hook point the plugin does not hear', async () => {
  const { plugin, root } = await register({}, { hooks: { 'conda.post_command': { priority: 1 } } });
  expect(plugin.problems).toMatchObject([
    {
      severity: 'warning',
      file: `${root}/outrigger.json`,
      message: '"x" does not hear "conda.post_command"; did you mean "conda.pre_command"?',
    },
  ]);
});

test("registerPlugin() places a mistake of the plugin's configuration in the config", async () => {
  const configSchema = { type: 'object', properties: { level: { type: 'integer' } } };
  const { plugin, root } = await register({ configSchema }, { config: { level: 'high' } });
  expect(plugin.state).toBe('broken');
  expect(plugin.problems).toEqual([
    {
      severity: 'error',
      plugin: 'x',
      file: `${root}/outrigger.json`,
      line: 7,
      column: 9,
      pointer: '/plugins/x/config/level',
      message: 'must be a whole number; got "high"',
    },
  ]);
});

test("registerPlugin() fills in the defaults of the plugin's configuration", async () => {
  const { plugin } = await register({ configSchema: { type: 'object', properties: { level: { default: 3 } } } });
  expect(plugin.config).toEqual({ level: 3 });
});

test.each<[string, string[] | undefined, string[]]>([
  ['all it asks for without a grant', undefined, ['storage']],
  ['only what is granted', [], []],
  ['what is optional when it is granted by name', ['storage', 'secret', 'tasks/list'], ['storage', 'secret']],
])('registerPlugin() gives a plugin %s', async (_, services, expected) => {
  const changes = { permissions: { services: ['storage'] }, optionalPermissions: { services: ['secret'] } };
  const { plugin } = await register(changes, services === undefined ? {} : { grant: { services } });
  expect(plugin.granted.services ?? []).toEqual(expected);
});

test('registerPlugin() grants variables by name', async () => {
  const { plugin } = await register({ permissions: { env: ['HOME', 'TOKEN'] } }, { grant: { env: ['TOKEN', 'OTHER'] } });
  expect(plugin.granted.env).toEqual(['TOKEN']);
});
