import { expect, test } from 'vitest';
import { cacheFolder, stateFolder } from '../../../host/cli/user-folders.ts';

test('cacheFolder() and stateFolder() follow the XDG variables', () => {
  const env = { HOME: '/h', XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s' };
  expect([cacheFolder(env), stateFolder(env)]).toEqual(['/c/outrigger', '/s/outrigger']);
});

test('cacheFolder() falls back to the home folder, and to nothing without one', () => {
  expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: '' })).toBe('/h/.cache/outrigger');
  expect(cacheFolder({})).toBe(undefined);
});
