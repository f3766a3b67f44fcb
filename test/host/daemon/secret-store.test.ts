import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openSecretStore, type SecretStore } from '../../../host/daemon/secret-store.ts';
import { KeyringPlace, type PROGRAMS } from './keyring-program.ts';

const places: KeyringPlace[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.close();
});

async function open(program?: keyof typeof PROGRAMS): Promise<{ store: SecretStore; place: KeyringPlace }> {
  const place = await KeyringPlace.open(program);
  places.push(place);
  // Short only where the test is about a program that does not answer: this machine may be busy.
  return { store: openSecretStore(place.env, program === 'hangs' ? 300 : 20_000), place };
}

test('SecretStore keeps values in the keyring where it works, and only their names in the file', async () => {
  const { store, place } = await open('works');

  expect(await store.set('TOKEN', 'hush-hush')).toBe('keyring');

  expect(await openSecretStore(place.env).get('TOKEN')).toBe('hush-hush');
  expect(await store.list()).toEqual([{ name: 'TOKEN', store: 'keyring' }]);
  expect(await readFile(store.path, 'utf8')).not.toContain('hush-hush');
});

test.each([undefined, 'has no session bus', 'forgets', 'hangs'] as const)(
  'SecretStore keeps values in the file when the keyring is: %s',
  async (program) => {
    const { store, place } = await open(program);

    expect(await store.set('TOKEN', 'hush-hush')).toBe('file');

    expect(await store.get('TOKEN')).toBe('hush-hush');
    expect(await store.list()).toEqual([{ name: 'TOKEN', store: 'file' }]);
    expect(store.path).toBe(join(place.folder, '.config', 'outrigger', 'secrets.json'));
  },
);

test('SecretStore keeps one value of a name, wherever it was before', async () => {
  const { store, place } = await open('works');
  await store.set('TOKEN', 'in the keyring');
  await store.set('TOKEN', 'in the file', 'file');

  expect(await store.get('TOKEN')).toBe('in the file');
  expect(await readdir(join(place.folder, 'keys'))).toEqual([]);
  expect(await store.set('TOKEN', 'back again', 'keyring')).toBe('keyring');
  expect(await readFile(store.path, 'utf8')).not.toContain('in the file');
});

test('SecretStore takes no other place than the one asked for', async () => {
  const { store } = await open('has no session bus');

  await expect(store.set('TOKEN', 'hush-hush', 'keyring')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  expect(await store.list()).toEqual([]);
});

test('SecretStore says what to do when a secret is in a keyring that has no program any more', async () => {
  const { store, place } = await open('works');
  await store.set('TOKEN', 'hush-hush');

  const without = openSecretStore({ HOME: place.folder, PATH: '' });

  await expect(without.get('TOKEN')).rejects.toMatchObject({
    message: expect.stringContaining('outrigger secrets set TOKEN --store file'),
  });
});

test('SecretStore removes a secret from where it is', async () => {
  const { store, place } = await open('works');
  await store.set('A', 'one');
  await store.set('B', 'two', 'file');

  expect([await store.remove('A'), await store.remove('B'), await store.remove('C')]).toEqual(['keyring', 'file', undefined]);
  expect([await store.get('A'), await store.get('B'), await store.get('constructor')]).toEqual([undefined, undefined, undefined]);
  expect(await readdir(join(place.folder, 'keys'))).toEqual([]);
});

test.each([
  ['../x', 'value', 'its name'],
  ['1A', 'value', 'its name'],
  ['A', '', 'is empty'],
  ['A', 'a\0b', 'is no text'],
  ['A', 'x'.repeat(65_537), 'longer than 65536 bytes'],
])('SecretStore refuses %j with a value it cannot keep', async (name, value, why) => {
  const { store } = await open();

  await expect(store.set(name, value)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(why) });
});
