import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRegistry, type RegistryOptions } from '../../../host/registry/load-registry.ts';
import { writeLocked } from '../../../host/registry/lock-file.ts';
import { hashTree } from '../../../host/registry/tree-hash.ts';
import { manifest, writeFiles } from './write-files.ts';

async function load(files: Record<string, unknown>, options: Partial<RegistryOptions> = {}) {
  const root = await writeFiles(files);
  return loadRegistry({ cwd: root, env: {}, ...options });
}

const states = (registry: Awaited<ReturnType<typeof load>>) =>
  Object.fromEntries([...registry.plugins.values()].map(({ name, state }) => [name, state]));

const mixed = {
  'plugins/good/plugin.json': manifest('good'),
  'plugins/bad/plugin.yaml': 'name: bad\nhooks: [\n',
  'plugins/found/plugin.json': manifest('found'),
  'outrigger.yaml':
    'pluginFolders: [plugins]\nplugins:\n  bad: {trust: full}\n  good: {trust: full}\n  missing: {trust: full}\n  off: {enabled: false}\n',
};

test('loadRegistry() lets no broken plugin stop the others', async () => {
  const registry = await load(mixed);
  expect(states(registry)).toEqual({ bad: 'broken', good: 'enabled', missing: 'broken', off: 'disabled', found: 'untrusted' });
  expect([...registry.subscriptions].map(([hook, list]) => [hook, list.map(({ plugin }) => plugin)])).toEqual([
    ['conda.pre_command', ['good']],
  ]);
  for (const problem of registry.problems)
    expect(problem).toMatchObject({ file: expect.any(String), line: expect.any(Number), message: expect.any(String) });
  expect(registry.problems.map(({ plugin }) => plugin)).toEqual(['bad', 'missing']);
});

test('loadRegistry() without a config has the hook points and no plugin', async () => {
  const registry = await load({});
  expect([registry.plugins.size, registry.configFiles, registry.hooks.has('conda.pre_command')]).toEqual([0, [], true]);
});

// A folder in place of the file cannot be read by anybody, root included.
const unreadable = { 'outrigger.yaml': 'pluginFolders: [plugins]\nplugins:\n  trap: {trust: full, required: true}\n' };

async function withTrap() {
  const root = await writeFiles(unreadable);
  await mkdir(join(root, 'plugins/trap/plugin.yaml'), { recursive: true });
  return root;
}

test('loadRegistry() stops on a required plugin that is broken, and says where', async () => {
  const root = await withTrap();
  await expect(loadRegistry({ cwd: root, env: {} })).rejects.toMatchObject({
    code: 'PLUGIN_REQUIRED',
    message: expect.stringMatching(/^Cannot start without plugin "trap", which the config requires: .*plugin.yaml/),
  });
});

test.each<[string, Partial<RegistryOptions>]>([
  ['noPlugins', { noPlugins: true }],
  ['OUTRIGGER_NO_PLUGINS', { env: { OUTRIGGER_NO_PLUGINS: '1' } }],
  ['without', { without: ['trap'] }],
  ['OUTRIGGER_WITHOUT', { env: { OUTRIGGER_WITHOUT: 'other, trap' } }],
])('loadRegistry() with %s reads no file of the plugin', async (_, options) => {
  const registry = await loadRegistry({ cwd: await withTrap(), env: {}, ...options });
  expect(states(registry)).toEqual({ trap: 'without' });
  expect(registry.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('loadRegistry() in safe mode does not look into plugin folders', async () => {
  const registry = await load({ 'outrigger.yaml': 'pluginFolders: [missing]\nsets: {s: {plugins: [nobody]}}\n' }, { noPlugins: true });
  expect(registry.problems).toEqual([]);
});

test('loadRegistry() stops on a required plugin that is not trusted', async () => {
  const root = await writeFiles(needy);
  const message = expect.stringContaining('"outrigger plugins trust x"');
  await expect(loadRegistry({ cwd: root, env: {} })).rejects.toMatchObject({ code: 'PLUGIN_REQUIRED', message });
  expect(states(await loadRegistry({ cwd: root, env: {}, isLenient: true }))).toEqual({ x: 'untrusted' });
});

const needy = {
  'x/plugin.json': manifest('x', { permissions: { run: ['git'] } }),
  'outrigger.yaml': 'plugins: {x: {path: ./x, required: true}}\n',
};

const three = {
  'p/a/plugin.json': manifest('a'),
  'p/b/plugin.json': manifest('b'),
  'p/c/plugin.json': manifest('c'),
  'p/found/plugin.json': manifest('found'),
  'outrigger.json': { pluginFolders: ['p'], plugins: { a: { trust: 'full' }, b: { trust: 'full' }, c: { enabled: false } } },
};

async function accept(root: string, name: string): Promise<void> {
  const hash = await hashTree(join(root, 'p', name), undefined);
  const locked = { version: '1.0.0', hash, trust: 'full', asked: {}, grant: {}, time: '2026-11-21T12:00:00.000Z' } as const;
  await writeLocked(join(root, 'outrigger.lock.json'), name, locked);
}

test.each<[string, Partial<RegistryOptions>, object]>([
  ['frozen', { frozen: true }, {}],
  ['OUTRIGGER_FROZEN', { env: { OUTRIGGER_FROZEN: '1' } }, {}],
  ['sandbox.requireLock', {}, { sandbox: { requireLock: true } }],
])('loadRegistry() with %s names every plugin that is not the accepted one', async (_, options, more) => {
  const root = await writeFiles({ ...three, 'outrigger.json': { ...three['outrigger.json'], ...more } });
  const load = () => loadRegistry({ cwd: root, env: {}, ...options });
  await expect(load()).rejects.toMatchObject({ code: 'PLUGIN_REFUSED', data: ['a', 'b'] });
  await accept(root, 'a');
  await expect(load()).rejects.toMatchObject({
    data: ['b'],
    message: expect.stringMatching(/^Cannot start with a frozen lock: "b": it is in no lock file: .*"outrigger plugins trust b"$/),
  });
  await accept(root, 'b');
  expect(states(await load())).toEqual({ a: 'enabled', b: 'enabled', c: 'disabled', found: 'untrusted' });
  await writeFile(join(root, 'p/a/new'), '');
  await expect(load()).rejects.toMatchObject({ data: ['a'], message: expect.stringContaining('its code changed') });
  expect(states(await loadRegistry({ cwd: root, env: {}, ...options, frozen: false }))).toMatchObject({ a: 'untrusted' });
  expect(states(await loadRegistry({ cwd: root, env: {}, ...options, without: ['a'] }))).toMatchObject({ a: 'without', b: 'enabled' });
});

test('loadRegistry() when frozen does not start with a lock file it cannot read', async () => {
  const root = await writeFiles({ 'outrigger.json': {}, 'outrigger.lock.json': '{' });
  await expect(loadRegistry({ cwd: root, env: {}, frozen: true })).rejects.toMatchObject({ code: 'PLUGIN_REFUSED' });
});

test('loadRegistry() takes the lock file that comes with a config object', async () => {
  const root = await writeFiles(three);
  await accept(root, 'a');
  const config = { plugins: { a: { path: join(root, 'p/a'), trust: 'full' } } } as const;
  const of = async (options: Partial<RegistryOptions>) => (await loadRegistry({ cwd: root, env: {}, config, ...options })).plugins.get('a');
  expect(await of({ lockFile: 'outrigger.lock.json' })).toMatchObject({ lock: 'accepted', state: 'enabled' });
  expect(await of({})).toMatchObject({ lock: 'none', state: 'enabled' });
});

test('loadRegistry() accepts that the operator switches a required plugin off', async () => {
  expect(states(await load({ 'outrigger.yaml': 'plugins: {x: {required: true, enabled: false}}\n' }))).toEqual({ x: 'disabled' });
});

test('loadRegistry() throws for a broken config', async () => {
  await expect(load({ 'outrigger.yaml': 'plugins: []\n' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('loadRegistry() reports mistakes of sets and of catalog files', async () => {
  const { problems } = await load({ 'outrigger.yaml': 'catalogs: [conda, ./no]\nsets:\n  a: {sets: [b]}\n  b: {sets: [a]}\n' });
  expect(problems.map(({ line, message }) => [line, message.replace(/".*"/, '…')])).toEqual([
    [undefined, 'Cannot read …: ENOENT: no such file or directory'],
    [3, 'the sets hold each other in a circle: a → b → a; remove one of them'],
  ]);
});

test('loadRegistry() takes catalogs of the application', async () => {
  const catalog = { name: 'app', hooks: { go: { description: 'Goes', payload: { type: 'object' } } } };
  const files = {
    'x/plugin.json': manifest('x', { hooks: { 'app.go': {} } }),
    'outrigger.yaml': 'plugins: {x: {path: ./x, trust: full}}\n',
  };
  const registry = await load(files, { catalogs: [catalog] });
  expect([...registry.subscriptions.keys()]).toEqual(['app.go']);
});

test('loadRegistry() takes everything from the cache the second time', async () => {
  const root = await writeFiles(mixed);
  const options = { cwd: root, env: {}, cacheDir: join(root, 'cache') };
  const first = await loadRegistry(options);
  const second = await loadRegistry(options);
  expect(second.plugins).toEqual(first.plugins);
  expect(second.subscriptions).toEqual(first.subscriptions);
  expect(second.problems).toEqual(first.problems);
});

test('loadRegistry() survives 300 kB of nested anyOf and a catastrophic pattern', async () => {
  let nested: unknown = { type: 'string' };
  for (let level = 0; level < 13; level++) nested = { anyOf: [nested, nested] };
  const configSchema = { type: 'object', properties: { a: nested } };
  const registry = await load({
    'p/big/plugin.json': JSON.stringify(manifest('big', { configSchema })),
    'p/slow/plugin.json': manifest('slow', { configSchema: { properties: { a: { type: 'string', pattern: '^(a+)+$' } } } }),
    'p/good/plugin.json': manifest('good'),
    'outrigger.json': {
      pluginFolders: ['p'],
      plugins: { big: { trust: 'full' }, slow: { trust: 'full', config: { a: `${'a'.repeat(40)}!` } }, good: { trust: 'full' } },
    },
  });
  expect(states(registry)).toEqual({ big: 'broken', slow: 'broken', good: 'enabled' });
  expect(registry.problems.map(({ pointer }) => pointer)).toEqual(['/configSchema', '/configSchema']);
});

const typo = {
  'plugins/good/plugin.json': manifest('good'),
  'plugins/p/plugin.json': manifest('p'),
  'outrigger.yaml': 'pluginFolders: [plugins]\nplugins:\n  p: {truts: full}\n  good: {trust: full}\n',
};

test('loadRegistry() breaks only the plugin whose entry in the config is a mistake', async () => {
  const registry = await load(typo);
  expect(states(registry)).toEqual({ good: 'enabled', p: 'broken' });
  expect(registry.problems).toMatchObject([
    { plugin: 'p', line: 3, pointer: '/plugins/p/truts', message: expect.stringContaining('"trust"') },
  ]);
});

test('loadRegistry() leaves out a plugin with a broken entry when told to', async () => {
  const registry = await load(typo, { without: ['p'] });
  expect([states(registry), registry.problems]).toEqual([{ good: 'enabled', p: 'without' }, []]);
});

test('loadRegistry() does not start without a required plugin whose entry is a mistake', async () => {
  const files = { ...typo, 'outrigger.yaml': 'pluginFolders: [plugins]\nplugins:\n  p: {truts: full, required: true}\n' };
  await expect(load(files)).rejects.toMatchObject({ code: 'PLUGIN_REQUIRED' });
});

test('loadRegistry() starts in safe mode however broken the config is, and says what it left out', async () => {
  const files = { ...typo, 'outrigger.yaml': 'plugins: [\n' };
  await expect(load(files)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });

  const registry = await load(files, { noPlugins: true });
  expect([registry.plugins.size, registry.hooks.has('conda.pre_command')]).toEqual([0, true]);
  expect(registry.problems).toMatchObject([{ severity: 'warning', file: expect.stringMatching(/outrigger\.yaml$/) }]);
});

test('loadRegistry() knows the places that no plugin may touch: the user’s folder, the plugins, what others may write', async () => {
  const grant = { fs: { write: [`\${workspace}/out`] } };
  const root = await writeFiles({
    'x/plugin.json': manifest('x', { permissions: grant }),
    'more/y/plugin.json': manifest('y'),
    'outrigger.json': { pluginFolders: ['./more'], plugins: { x: { path: './x', grant }, z: { path: './z', trust: 'full', grant } } },
  });

  const { places } = await loadRegistry({ cwd: root, env: { HOME: root, XDG_CONFIG_HOME: join(root, 'xdg') } });

  expect(places).toMatchObject({
    configHome: join(root, 'xdg/outrigger'),
    programs: [join(root, 'more'), join(root, 'x'), join(root, 'z')],
  });
  expect([...(places.written ?? [])]).toEqual([['x', grant.fs.write]]);
});
