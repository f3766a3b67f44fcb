import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PluginStorage, storageQuota } from '../../../host/daemon/storage.ts';
import { waitUntil } from '../../support/wait-until.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-storage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each<[number | undefined, number | undefined, number]>([
  [undefined, undefined, 16],
  [64, undefined, 64],
  [64, 8, 8],
  [4, 8, 4],
  [undefined, 8, 8],
  [undefined, 64, 16],
  [100_000, undefined, 1024],
  [100_000, 2048, 2048],
])('storageQuota() for a wish of %s MiB under a cap of %s MiB is %s MiB', (wish, cap, megabytes) => {
  expect(storageQuota(wish, cap)).toBe(megabytes * 1024 * 1024);
});

/** Below the temporary folder, so that what escapes from it is seen. */
function open(quotaBytes = 1_000_000): PluginStorage {
  return new PluginStorage(join(folder, 'storage', 'p'), { plugin: 'p', quotaBytes });
}

test.each([[{ a: [1, null, 'x'] }], ['text'], [0], [false], [null], [[]]])(
  'PluginStorage gives %j back, also after a restart',
  async (value) => {
    await open().set('key', value);

    expect(await open().get('key')).toEqual(value);
  },
);

test('PluginStorage gives null for what was never stored or was deleted', async () => {
  const storage = open();
  await storage.set('key', 1);
  await storage.delete('key');
  await storage.delete('never');

  expect([await storage.get('key'), await storage.get('never'), await storage.list()]).toEqual([null, null, []]);
});

const HOSTILE = [
  '../x',
  '/etc/passwd',
  '..',
  '.',
  'a/b',
  'a\\b',
  '__proto__',
  'constructor',
  'x\0y',
  ' ',
  'CON',
  '😀'.repeat(200),
  '\ud800',
  '\udfff',
];

test.each(HOSTILE)('PluginStorage keeps the key %j inside its folder', async (key) => {
  const storage = open();

  await storage.set(key, { mine: true });

  expect(await storage.get(key)).toEqual({ mine: true });
  expect(await storage.list()).toEqual([key]);
  expect(await readdir(folder)).toEqual(['storage']);
  expect(await readdir(join(folder, 'storage'))).toEqual(['p']);
  expect(await readdir(join(folder, 'storage', 'p'))).toHaveLength(1);
});

test('PluginStorage does not take one hostile key for another', async () => {
  const storage = open();
  for (const key of HOSTILE) await storage.set(key, key);

  const values = await Promise.all(HOSTILE.map((key) => storage.get(key)));

  expect(values).toEqual(HOSTILE);
});

test('PluginStorage lists keys by prefix, sorted', async () => {
  const storage = open();
  for (const key of ['b/2', 'a/1', 'b/1', 'b']) await storage.set(key, 1);

  expect(await storage.list()).toEqual(['a/1', 'b', 'b/1', 'b/2']);
  expect(await storage.list('b/')).toEqual(['b/1', 'b/2']);
  expect(await storage.list('c')).toEqual([]);
});

test('PluginStorage refuses what does not fit its quota and keeps the old entry', async () => {
  const storage = open(1000);
  await storage.set('kept', 'small');

  await expect(storage.set('kept', 'x'.repeat(2000))).rejects.toMatchObject({
    code: 'QUOTA_EXCEEDED',
    message: expect.stringContaining('Cannot store "kept" for plugin "p"'),
  });

  expect(await storage.get('kept')).toBe('small');
  expect(await readdir(join(folder, 'storage', 'p'))).toHaveLength(1);
});

test('PluginStorage counts the entry a new one replaces only once, and none that was deleted', async () => {
  const storage = open(1000);
  const large = 'x'.repeat(800);
  await storage.set('a', large);
  await storage.set('a', large);
  await expect(storage.set('b', large)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });

  await storage.delete('a');
  await storage.set('b', large);

  expect(await storage.list()).toEqual(['b']);
});

test('PluginStorage counts what another host has stored in the same folder', async () => {
  const [one, other] = [open(1000), open(1000)];
  await one.set('a', 'x'.repeat(400));
  await other.set('b', 'x'.repeat(400));

  await expect(one.set('c', 'x'.repeat(400))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await expect(other.set('c', 'x'.repeat(400))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });

  expect([await one.get('b'), await other.list()]).toEqual(['x'.repeat(400), ['a', 'b']]);
});

test('PluginStorage stores one after another what is asked at once', async () => {
  const storage = open();
  await Promise.all(Array.from({ length: 50 }, (_, value) => storage.set('key', value)));

  expect(await storage.get('key')).toBe(49);
  expect(await readdir(join(folder, 'storage', 'p'))).toHaveLength(1);
});

test('PluginStorage lists many entries with few descriptors, and reads none of them twice', async () => {
  const place = join(folder, 'storage', 'p');
  const storage = open();
  await storage.set('first', 1);
  const entries = Array.from({ length: 2000 }, (_, index) => `key ${index}`);
  await Promise.all(entries.map((key, index) => writeFile(join(place, `${index}.json`), JSON.stringify({ key, value: 'x'.repeat(100) }))));
  let most = 0;
  const watch = setInterval(async () => (most = Math.max(most, (await readdir('/proc/self/fd')).length)), 1);
  const before = (await readdir('/proc/self/fd')).length;

  const lists = await Promise.all(Array.from({ length: 20 }, () => open().list('key')));
  const again = await Promise.all(Array.from({ length: 20 }, () => storage.list('key')));
  clearInterval(watch);

  expect(new Set([...lists, ...again].map((list) => list.length))).toEqual(new Set([2000]));
  expect(most - before).toBeLessThan(20 * 16 + 40);
  await Promise.all(entries.map((_key, index) => writeFile(join(place, `${index}.json`), 'no longer JSON')));
  expect(await storage.list('key')).toHaveLength(2000);
});

test.each(['"\\', '\ud800', 'ä€😀'.repeat(20), '\u0001'.repeat(200), `","value":`])(
  'PluginStorage lists the key %j after a restart',
  async (key) => {
    await open().set(key, { key: 'other', text: 'x'.repeat(5000) });

    expect(await open().list()).toEqual([key]);
  },
);

test('PluginStorage gives large entries back, also when one of them is broken', async () => {
  const storage = open(10_000_000);
  const large = Array.from({ length: 3 }, (_, index) => [index, 'x'.repeat(300_000)]);
  await Promise.all(large.map((value, index) => storage.set(`${index}`, value)));
  await storage.set('broken', 'x'.repeat(300_000));
  const place = join(folder, 'storage', 'p');
  for (const name of await readdir(place)) {
    const text = await readFile(join(place, name), 'utf8');
    if (text.startsWith('{"key":"broken"')) await writeFile(join(place, name), text.slice(0, -1));
  }

  const [broken, ...rest] = await Promise.allSettled(['broken', '0', '1', '2'].map((key) => storage.get(key)));

  expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_FAILED' } });
  expect(rest).toEqual(large.map((value) => ({ status: 'fulfilled', value })));
});

test('PluginStorage goes on after a refusal', async () => {
  const storage = open(100);
  const refused = storage.set('large', 'x'.repeat(200));
  const stored = storage.set('small', 1);

  await expect(refused).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await stored;

  expect(await storage.list()).toEqual(['small']);
});

test('PluginStorage clears away what a killed host left half written, but not what is being written', async () => {
  const storage = open();
  await storage.set('key', 1);
  const place = join(folder, 'storage', 'p');
  await writeFile(join(place, 'old.tmp'), '{"key":"half');
  await utimes(join(place, 'old.tmp'), 0, 0);
  await writeFile(join(place, 'new.tmp'), '{"key":"half');

  expect(await open().list()).toEqual(['key']);
  expect((await readdir(place)).filter((name) => name.endsWith('.tmp'))).toEqual(['new.tmp']);
});

test('PluginStorage fails with STORAGE_FAILED when its folder cannot be used', async () => {
  await writeFile(join(folder, 'storage'), 'a file where the folder should be');
  const storage = open();

  const code = 'STORAGE_FAILED';
  await expect(storage.set('a', 1)).rejects.toMatchObject({ code, message: expect.stringContaining('plugin "p"') });
  await expect(storage.get('a')).rejects.toMatchObject({ code });
  await expect(storage.list()).rejects.toMatchObject({ code });
  expect(await readFile(join(folder, 'storage'), 'utf8')).toContain('a file');
});

test('PluginStorage holds a whole entry, whenever its host is killed', async () => {
  const script = fileURLToPath(new URL('store-for-ever.ts', import.meta.url));
  const host = spawn(process.execPath, ['--conditions=@outrigger/source', script, join(folder, 'storage', 'p')], { stdio: 'ignore' });
  const gone = once(host, 'exit');
  const storage = open();
  await waitUntil(async () => Number(((await storage.get('key')) as number[] | null)?.[0]) > 20, 'the host to be in full swing');

  host.kill('SIGKILL');
  await gone;

  const entry = (await open().get('key')) as number[];
  expect(entry).toHaveLength(50_000);
  expect(new Set(entry).size).toBe(1);
});
