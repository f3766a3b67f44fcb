import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { keptAs } from '../../../host/registry/data-folder.ts';
import { loadRegistry, type RegistryOptions } from '../../../host/registry/load-registry.ts';
import { lockFileOf, writeLocked } from '../../../host/registry/lock-file.ts';
import { storePath } from '../../../host/registry/plugin-store.ts';
import { hashTree } from '../../../host/registry/tree-hash.ts';
import { testWith } from '../../support/needs.ts';
import { manifest, writeFiles } from './write-files.ts';

const testBwrap = testWith('bwrap', 'bubblewrap');

type Entry = NonNullable<Config['plugins']>[string];

interface Place {
  readonly root: string;
  readonly folder: string;
  load(options?: Partial<RegistryOptions>): Promise<ReturnType<typeof loadRegistry> extends Promise<infer R> ? R : never>;
  accept(grant?: Permissions): Promise<string>;
}

/** A config that lists the plugin `x`, with a home of its own. */
async function place(changes: object = {}, entry: Entry = {}, sandbox: Config['sandbox'] = undefined): Promise<Place> {
  const root = await writeFiles({
    'x/plugin.json': manifest('x', changes),
    'home/empty': '',
    'outrigger.json': { plugins: { x: { path: './x', ...entry } }, ...(sandbox ? { sandbox } : {}) },
  });
  const folder = join(root, 'x');
  const options = { cwd: root, env: { HOME: join(root, 'home') }, cacheDir: join(root, 'cache') };
  const asked = (changes as { permissions?: Permissions }).permissions ?? {};
  return {
    root,
    folder,
    load: (more = {}) => loadRegistry({ ...options, ...more }),
    accept: async (grant = asked) => {
      const hash = await hashTree(folder, undefined);
      const locked = { version: '1.0.0', hash, trust: 'none', asked, grant, time: '2026-11-21T12:00:00.000Z' } as const;
      await writeLocked(lockFileOf(join(root, 'outrigger.json')), 'x', locked);
      return hash;
    },
  };
}

const x = async (at: Place, options: Partial<RegistryOptions> = {}) => {
  const plugin = (await at.load(options)).plugins.get('x');
  if (plugin === undefined) throw new Error('x is not registered');
  return plugin;
};

testBwrap('admitPlugin() confines a plugin that asks for nothing', async () => {
  const at = await place();
  const plugin = await x(at);
  expect(plugin).toMatchObject({ state: 'enabled', granted: {}, lock: 'none', hash: undefined, lockFile: undefined });
  expect(plugin.confinement?.driver.name).toBe('bubblewrap');
  expect(plugin.confinement?.policy({})).toMatchObject({ directory: at.folder, dataDir: undefined, cacheDir: undefined, net: [] });
});

test('admitPlugin() does not confine what has full trust', async () => {
  expect(await x(await place({ permissions: { run: ['git'] } }, { trust: 'full' }))).toMatchObject({
    ...{ state: 'enabled', confinement: undefined, granted: { run: ['git'] } },
  });
});

test('admitPlugin() keeps a plugin from running that asks for something nobody granted', async () => {
  expect(await x(await place({ permissions: { net: ['api.example.com'] } }))).toMatchObject({
    ...{ state: 'untrusted', confinement: undefined, granted: {} },
    reason: expect.stringMatching(/^it was not granted what it needs: .*api\.example\.com; .*outrigger plugins trust x"$/),
  });
});

testBwrap('admitPlugin() runs an accepted plugin from a copy of exactly what was accepted', async () => {
  const at = await place({ permissions: { fs: { write: [`\${data}`] } } });
  const hash = await at.accept();
  const plugin = await x(at);
  expect(plugin).toMatchObject({ state: 'enabled', lock: 'accepted', hash, lockFile: join(at.root, 'outrigger.lock.json') });
  const policy = plugin.confinement?.policy(plugin.granted);
  const data = join(at.root, 'home/.local/share/outrigger');
  expect(policy).toMatchObject({ directory: storePath(data, hash), dataDir: join(data, 'data', keptAs('x', at.folder)) });
  expect(policy?.cacheDir).toContain(hash);
  await writeFile(join(at.folder, 'plugin.json'), 'evil');
  expect(await readFile(join(policy?.directory ?? '', 'plugin.json'), 'utf8')).toContain('"x"');
});

test.each<Entry['trust']>(['none', 'full'])('admitPlugin() stops changed code under trust %s', async (trust = 'none') => {
  const at = await place({}, { trust });
  await at.accept();
  await writeFile(join(at.folder, 'new.mjs'), '');
  expect(await x(at)).toMatchObject({
    ...{ state: 'untrusted', lock: 'changed', hash: undefined, confinement: undefined },
    reason: expect.stringContaining('its code changed since it was accepted on 2026-11-21'),
  });
});

test('admitPlugin() stops a plugin with full trust when what Python compiled of it was changed, which a confined one does not see', async () => {
  for (const [trust, lock] of [
    ['full', 'changed'],
    ['none', 'accepted'],
  ] as const) {
    const at = await place({}, { trust });
    await at.accept();
    await mkdir(join(at.folder, '__pycache__'));
    await writeFile(join(at.folder, '__pycache__/kit.cpython-311.pyc'), 'planted');
    expect((await x(at)).lock, trust).toBe(lock);
  }
});

test('admitPlugin() stops every confined plugin while a lock file cannot be used, and names the place', async () => {
  const at = await place();
  await writeFile(join(at.root, 'outrigger.lock.json'), '{\n"lockVersion": 2, "plugins": {}}');
  const registry = await at.load();
  const reason = expect.stringMatching(/^the lock file cannot be used.*outrigger\.lock\.json:2: /);
  expect(registry.plugins.get('x')).toMatchObject({ state: 'untrusted', reason });
  expect(registry.problems).toMatchObject([{ severity: 'error', line: 2, pointer: '/lockVersion' }]);
});

testBwrap('admitPlugin() makes a copy anew that somebody changed, and says so', async () => {
  const at = await place();
  const hash = await at.accept();
  const copy = join(storePath(join(at.root, 'home/.local/share/outrigger'), hash), 'plugin.json');
  await at.load();
  await chmod(copy, 0o644);
  await writeFile(copy, 'evil');
  const plugin = await x(at);
  expect([plugin.state, plugin.problems]).toMatchObject([
    'enabled',
    [{ severity: 'warning', message: expect.stringContaining('was changed') }],
  ]);
  expect(await readFile(copy, 'utf8')).toContain('"x"');
});

test('admitPlugin() refuses a grant of what is never granted', async () => {
  const at = await place({ permissions: { env: ['LD_PRELOAD'] } }, { grant: { env: ['LD_PRELOAD'] } });
  expect(await x(at)).toMatchObject({
    state: 'untrusted',
    reason: expect.stringMatching(/^it may not be granted what it asks for: .*LD_PRELOAD/),
  });
});

test('admitPlugin() refuses a plugin when the named driver is not here, with the ways out', async () => {
  const at = await place({}, {}, { driver: 'landlock' });
  const reason = expect.stringMatching(
    /^it needs a sandbox: .*"landlock".*; .*; or trust it with your rights: outrigger plugins trust x --full$/,
  );
  expect(await x(at)).toMatchObject({ state: 'untrusted', reason });
});

testBwrap('admitPlugin() looks at the grant again for every start', async () => {
  const at = await place({ optionalPermissions: { env: ['LANG', 'LD_PRELOAD'], run: ['git'] } });
  const { confinement } = await x(at);
  expect(confinement?.policy({}).canFork).toBe(false);
  expect(confinement?.policy({ run: ['git'] }).canFork).toBe(true);
  expect(() => confinement?.policy({ env: ['LD_PRELOAD'] })).toThrow(
    expect.objectContaining({ code: 'PLUGIN_REFUSED', message: expect.stringContaining('LD_PRELOAD') }),
  );
});

testBwrap('admitPlugin() grants nothing below what another plugin was allowed to write while the host runs', async () => {
  const asked = { fs: { write: [`\${workspace}/build/cache`] } };
  const root = await writeFiles({
    'asker/plugin.json': manifest('asker', { optionalPermissions: { fs: { write: [`\${workspace}/build`] } } }),
    'inner/plugin.json': manifest('inner', { permissions: asked }),
    'home/empty': '',
    'build/cache/empty': '',
    'outrigger.json': { plugins: { asker: { path: './asker' }, inner: { path: './inner', grant: asked } } },
  });
  const { plugins } = await loadRegistry({ cwd: root, env: { HOME: join(root, 'home') } });
  const [asker, inner] = ['asker', 'inner'].map((name) => plugins.get(name)?.confinement);
  expect(inner?.policy(asked).write).toMatchObject([{ target: join(root, 'build/cache') }]);

  asker?.policy({ fs: { write: [`\${workspace}/build`] } });

  expect(() => inner?.policy(asked)).toThrow(/plugin "asker" may write ".*\/build" and could put a link in its place/);
});

test('admitPlugin() refuses a folder that holds what has no place in a plugin', async () => {
  const at = await place();
  await at.accept();
  (await import('node:child_process')).execFileSync('mkfifo', [join(at.folder, 'pipe')]);
  expect(await x(at)).toMatchObject({ state: 'untrusted', reason: expect.stringContaining('"pipe": it is a pipe') });
});
