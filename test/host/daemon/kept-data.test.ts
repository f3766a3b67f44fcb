import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeptData } from '../../../host/daemon/kept-data.ts';
import { pluginSpec } from '../../../host/daemon/plugin-spec.ts';
import { loadRegistry } from '../../../host/registry/load-registry.ts';
import type { Registry } from '../../../host/registry/types.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'outrigger-kept-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const MANIFEST = { name: 'notes', version: '1.0.0', runtime: { command: 'true' }, hooks: { 'conda.pre_command': {} } };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A project with a plugin of this name in its folder `notes`, and what its host keeps. */
async function project(name: string, plugin = 'notes'): Promise<{ kept: KeptData; warned: unknown[]; registry: Registry }> {
  const folder = join(root, name, plugin);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'plugin.json'), JSON.stringify({ ...MANIFEST, name: plugin }));
  const config: Config = { catalogs: [], plugins: { [plugin]: { path: folder, trust: 'full' } } };
  const registry = await loadRegistry({ config, cwd: join(root, name), env: {} });
  const warned: unknown[] = [];
  const log = { ...silent, warn: (_message: string, fields?: object) => void warned.push(fields) };
  return { kept: new KeptData({ registry, dataDir: join(root, 'data'), log }), warned, registry };
}

test('KeptData gives a plugin what it stored, and a namesake in another project nothing of it', async () => {
  const [mine, again, other] = [await project('mine'), await project('mine'), await project('other')];
  await mine.kept.storage('notes').set('token', 'secret');

  expect(await again.kept.storage('notes').get('token')).toBe('secret');
  expect([await other.kept.storage('notes').get('token'), await other.kept.storage('notes').list()]).toEqual([null, []]);
  expect(mine.kept.storage('notes')).toBe(mine.kept.storage('notes'));
});

test('KeptData says once that others of the name keep something, and how to take it over', async () => {
  await (await project('mine')).kept.storage('notes').set('token', 'kept');
  await (await project('mine', 'notes-x')).kept.storage('notes-x').set('other', 'plugin');
  await rename(join(root, 'mine'), join(root, 'moved'));
  const [old = ''] = (await readdir(join(root, 'data/storage'))).filter((name) => !name.startsWith('notes-x'));
  const { kept, warned } = await project('moved');
  expect(await kept.storage('notes').list()).toEqual([]);

  const to = /if it was this one, rename that to "(.*)"$/.exec((warned[0] as { reason: string }).reason)?.[1] ?? '';
  expect(warned).toMatchObject([{ plugin: 'notes', others: [join(root, 'data/storage', old)] }]);
  const later = await project('moved');
  await later.kept.storage('notes').list();
  expect(later.warned).toEqual([]);
  await rm(to, { recursive: true });
  await rename(join(root, 'data/storage', old), to);
  expect(await (await project('moved')).kept.storage('notes').get('token')).toBe('kept');
});

test('KeptData says the same of data folders, before the first start of a plugin that uses one', async () => {
  await mkdir(join(root, 'data/data/notes'), { recursive: true });
  const { kept, warned, registry } = await project('mine');
  const plugin = registry.plugins.get('notes') ?? expect.unreachable('it is registered');
  const bare = pluginSpec(plugin, { config: {}, env: {}, cacheDir: root, inspect: false, hooks: [] });
  const confine = (): never => {
    throw new Error('it starts now');
  };

  expect(kept.noticing({ ...bare, confine: undefined }, () => ({}))).toMatchObject({ confine: undefined });
  expect(kept.noticing({ ...bare, confine }, () => ({ fs: { read: ['/usr'] } })).confine).toThrow('it starts now');
  expect(warned).toEqual([]);
  expect(kept.noticing({ ...bare, confine }, () => ({ fs: { write: [`\${data}/x`] } })).confine).toThrow('it starts now');
  expect(warned).toMatchObject([{ plugin: 'notes', others: [join(root, 'data/data/notes')] }]);
});
