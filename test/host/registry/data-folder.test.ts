import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cacheFolder, dataFolder, keptAs, originOf, ownPlaces } from '../../../host/registry/data-folder.ts';

test('dataFolder() takes the environment, then the config, then the user’s folder', () => {
  const env = { HOME: '/home/ada', XDG_DATA_HOME: '/data', OUTRIGGER_DATA_DIR: '/named' };
  expect(dataFolder(env, { dataDir: '/configured' })).toBe('/named');
  expect(dataFolder({ ...env, OUTRIGGER_DATA_DIR: '' }, { dataDir: '/configured' })).toBe('/configured');
  expect(dataFolder({ ...env, OUTRIGGER_DATA_DIR: undefined }, {})).toBe('/data/outrigger');
  expect(dataFolder({ HOME: '/home/ada' }, {})).toBe('/home/ada/.local/share/outrigger');
});

test('cacheFolder() takes a relative XDG folder for none, and the account’s home when the environment has none', () => {
  expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: 'relative' })).toBe('/home/ada/.cache/outrigger');
  expect(cacheFolder({})).toBe(`${homedir()}/.cache/outrigger`);
});

test('ownPlaces() are the user’s, wherever a config keeps its data, and what is named', () => {
  const env = { HOME: '/home/ada', XDG_STATE_HOME: '/state', TMPDIR: '/scratch', OUTRIGGER_SOCKET: 'named.sock' };
  const config = { dataDir: '/configured', traces: { file: '/logs/traces.jsonl' } };

  expect(ownPlaces(env, config, '/project')).toEqual({
    folders: ['/state/outrigger', '/home/ada/.local/share/outrigger', `/scratch/outrigger-${process.getuid?.()}`],
    files: ['/logs/traces.jsonl', '/logs/traces.jsonl.1', '/project/named.sock'],
  });
  expect(ownPlaces({ ...env, XDG_RUNTIME_DIR: '/mine' }, {}, '/project').folders).toContain('/mine/outrigger');
});

test('originOf() tells folders apart, and not the ways to one', async () => {
  const root = await mkdtemp(join(tmpdir(), 'outrigger-origin-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await Promise.all([mkdir(join(root, 'one/notes'), { recursive: true }), mkdir(join(root, 'two/notes'), { recursive: true })]);
  await symlink('one', join(root, 'link'));
  const origin = originOf(join(root, 'one/notes'));

  expect(origin).toMatch(/^[0-9a-f]{16}$/);
  expect([originOf(join(root, 'link/notes')), originOf(join(root, 'one/../one/notes/'))]).toEqual([origin, origin]);
  expect([originOf(join(root, 'two/notes')), originOf(join(root, 'gone'))]).not.toContain(origin);
  expect(keptAs('notes', join(root, 'one/notes'))).toBe(`notes-${origin}`);
});
