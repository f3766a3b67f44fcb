import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findConfig } from '../../../host/registry/find-config.ts';
import { loadConfig } from '../../../host/registry/load-config.ts';
import { whyPlanted } from '../../../host/registry/planted-config.ts';
import { writeFiles } from './write-files.ts';

const writes = (path: string, trust: 'none' | 'full' = 'none') => ({
  plugins: { x: { path: '/x', trust, grant: { fs: { write: [path] } } } },
});
const locks = (path: string, more: object = {}) => {
  const grant = { fs: { write: [path] } };
  const locked = {
    version: '1.0.0',
    hash: `sha256-${'a'.repeat(64)}`,
    trust: 'none',
    asked: grant,
    grant,
    time: '2026-11-21T12:00:00.000Z',
    ...more,
  };
  return { lockVersion: 1, plugins: { x: locked } };
};

/** Whether the config in `ws/out` is taken for a plugin's work. */
async function planted(files: Record<string, string | object>, cwd = 'ws/out'): Promise<string | undefined> {
  const root = await writeFiles({ 'ws/out/outrigger.json': {}, ...files });
  const env = { HOME: join(root, 'home') };
  return whyPlanted(await findConfig({ cwd: join(root, cwd), env }), { env, cacheDir: undefined });
}

const WORKSPACE_OUT = `\${workspace}/out`;

test.each<[string, Record<string, string | object>]>([
  ['the config of the folder above grants', { 'ws/outrigger.json': writes(WORKSPACE_OUT) }],
  ['a config far above grants', { 'outrigger.json': writes(WORKSPACE_OUT) }],
  ['a config above grants by its own folder', { 'ws/outrigger.json': writes(`\${config}/out`) }],
  ['the lock file above grants', { 'ws/outrigger.json': {}, 'ws/outrigger.lock.json': locks(WORKSPACE_OUT) }],
  [
    'the lock file above once granted',
    { 'ws/outrigger.json': {}, 'ws/outrigger.lock.json': locks(WORKSPACE_OUT, { grant: {}, wrote: [WORKSPACE_OUT] }) },
  ],
  ['the user’s own config grants', { 'home/.config/outrigger/config.json': writes(WORKSPACE_OUT) }],
  [
    'the user’s own lock file grants',
    { 'home/.config/outrigger/config.json': {}, 'home/.config/outrigger/outrigger.lock.json': locks(WORKSPACE_OUT) },
  ],
])('whyPlanted() refuses a config where %s to write', async (_, files) => {
  expect(await planted(files)).toMatch(
    /^Cannot use ".*\/ws\/out\/outrigger\.json": plugin "x" may write there, by ".*"; if it is yours, name it with --config/,
  );
});

test.each<[string, Record<string, string | object>]>([
  ['nothing is granted', { 'ws/outrigger.json': {} }],
  ['something else is granted', { 'ws/outrigger.json': writes(`\${workspace}/other`) }],
  ['the plugin has full trust', { 'ws/outrigger.json': writes(WORKSPACE_OUT, 'full') }],
  ['its own grant', { 'ws/out/outrigger.json': writes(WORKSPACE_OUT) }],
  ['a broken config above', { 'ws/outrigger.json': '{' }],
])('whyPlanted() accepts a config with %s', async (_, files) => {
  expect(await planted(files)).toBeUndefined();
});

test('whyPlanted() sees through a link, and knows a path by its real place', async () => {
  const root = await writeFiles({ 'real/outrigger.json': {}, 'home/.config/outrigger/config.json': {} });
  await symlink(join(root, 'real'), join(root, 'link'));
  const env = { HOME: join(root, 'home') };
  const user = await writeFiles({ 'config.json': writes(join(root, 'link')) });

  const found = {
    upward: join(root, 'real/outrigger.json'),
    above: [],
    problems: [],
    files: [join(root, 'real/outrigger.json'), join(user, 'config.json')],
  };

  expect(await whyPlanted(found, { env, cacheDir: undefined })).toContain('plugin "x" may write there');
});

test('whyPlanted() refuses a config in the data folder of a plugin, wherever that is', async () => {
  const data = { 'home/.local/share/outrigger/data/x/outrigger.json': {} };
  expect(await planted(data, 'home/.local/share/outrigger/data/x')).toMatch(/it lies in the data folder of a plugin; if it is yours, /);
  const own = { 'ws/outrigger.json': { dataDir: './state' }, 'ws/state/data/x/outrigger.json': {} };
  expect(await planted(own, 'ws/state/data/x')).toMatch(/it lies in the data folder of a plugin/);
});

test('loadConfig() refuses a planted config, and takes it when somebody names it', async () => {
  const root = await writeFiles({ 'ws/outrigger.json': writes(WORKSPACE_OUT), 'ws/out/outrigger.json': {} });
  await mkdir(join(root, 'ws/out/deep'));
  const options = { cwd: join(root, 'ws/out/deep'), env: { HOME: root } };

  await expect(loadConfig(options)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('plugin "x" may write there'),
  });
  expect((await loadConfig({ ...options, config: join(root, 'ws/out/outrigger.json') })).files).toEqual([
    join(root, 'ws/out/outrigger.json'),
  ]);
});
