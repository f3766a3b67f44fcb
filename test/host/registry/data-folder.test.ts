import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { cacheFolder, dataFolder } from '../../../host/registry/data-folder.ts';

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
