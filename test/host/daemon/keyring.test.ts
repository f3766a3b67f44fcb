import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findKeyring, type Keyring } from '../../../host/daemon/keyring.ts';
import { KeyringPlace, type PROGRAMS } from './keyring-program.ts';

const MS = 20_000;
const places: KeyringPlace[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.close();
});

async function open(program: keyof typeof PROGRAMS): Promise<{ keyring: Keyring; place: KeyringPlace }> {
  const place = await KeyringPlace.open(program);
  places.push(place);
  const keyring = findKeyring(place.env, 'linux');
  if (keyring === undefined) throw new Error('the program was not found');
  return { keyring, place };
}

test.each(['plain', 'two\nlines\n', '  spaces ', '"quotes" $HOME `id`', 'wörter 😀'])('a keyring gives %j back', async (value) => {
  const { keyring } = await open('works');

  await keyring.set('TOKEN', value, MS);

  expect(await keyring.get('TOKEN', MS)).toBe(value);
});

test('a keyring knows nothing of what was never stored or was removed', async () => {
  const { keyring, place } = await open('works');
  await keyring.set('TOKEN', 'value', MS);
  await keyring.remove('TOKEN', MS);
  await keyring.remove('NEVER', MS);

  expect([await keyring.get('TOKEN', MS), await keyring.get('NEVER', MS)]).toEqual([undefined, undefined]);
  expect(await readdir(join(place.folder, 'keys'))).toEqual([]);
});

test('a keyring that does not work says why, and never the value', async () => {
  const { keyring } = await open('has no session bus');
  const failure = { code: 'STORAGE_FAILED', message: expect.stringContaining('Cannot autolaunch D-Bus') };

  await expect(keyring.get('TOKEN', MS)).rejects.toMatchObject(failure);
  await expect(keyring.remove('TOKEN', MS)).rejects.toMatchObject(failure);
  const refused = await keyring.set('TOKEN', 'hush-hush', MS).catch((error: Error) => error);
  expect(refused).toMatchObject(failure);
  expect(String(refused)).not.toContain('hush-hush');
});

test('a keyring that does not answer is given up', async () => {
  const { keyring } = await open('hangs');

  await expect(keyring.get('TOKEN', 300)).rejects.toMatchObject({ message: expect.stringContaining('no answer within 300 ms') });
});

test('a keyring that says too much is ended', async () => {
  const { keyring } = await open('says too much');

  await expect(keyring.set('TOKEN', 'value', MS)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
});

test.each(['linux', 'darwin'] as const)('findKeyring() finds none on %s where its program is missing', (platform) => {
  expect(findKeyring({ PATH: '/nonexistent' }, platform)).toBeUndefined();
});
