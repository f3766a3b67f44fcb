import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SecretFile } from '../../../host/daemon/secret-file.ts';
import { testWhere } from '../../support/needs.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-secrets-'));
  path = join(folder, 'config', 'secrets.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function plant(text: string, mode = 0o600): Promise<SecretFile> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, mode);
  return new SecretFile(path);
}

test('SecretFile keeps entries in a file that only its owner may read, in a folder of the same kind', async () => {
  const file = new SecretFile(path);
  await file.write(new Map([['B', 'two']]));
  await file.write(new Map<string, string | { keyring: true }>([['A', { keyring: true }]]));

  expect([...(await new SecretFile(path).read())]).toEqual([
    ['A', { keyring: true }],
    ['B', 'two'],
  ]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  expect(await readdir(dirname(path))).toEqual(['secrets.json']);
});

test('SecretFile removes entries, and is empty where there is no file', async () => {
  const file = new SecretFile(path);
  expect((await file.read()).size).toBe(0);
  await file.write(new Map([['A', 'one']]));
  await file.write(new Map([['A', undefined]]));

  expect(await readFile(path, 'utf8')).toBe('{}\n');
});

test.each([0o640, 0o604, 0o660, 0o620, 0o601])('SecretFile refuses a file of mode %o and says how to mend it', async (mode) => {
  const file = await plant('{"A":"hush-hush"}', mode);
  const failure = { code: 'STORAGE_FAILED', message: expect.stringContaining(`run: chmod 600 ${path}`) };

  await expect(file.read()).rejects.toMatchObject(failure);
  await expect(file.write(new Map([['A', 'new']]))).rejects.toMatchObject(failure);
  expect(await readFile(path, 'utf8')).toBe('{"A":"hush-hush"}');
});

test('SecretFile refuses a link, even to a file that would do', async () => {
  await mkdir(dirname(path));
  await writeFile(join(folder, 'target'), '{"A":"other"}', { mode: 0o600 });
  await symlink(join(folder, 'target'), path);

  await expect(new SecretFile(path).read()).rejects.toMatchObject({ message: expect.stringContaining('it is a link') });
});

testWhere(process.getuid?.() === 0, 'not root')('SecretFile refuses a file of another user', async () => {
  const file = await plant('{"A":"other"}');
  await chown(path, 65_534, 65_534);

  await expect(file.read()).rejects.toMatchObject({ message: expect.stringContaining('belongs to user 65534') });
});

test('SecretFile does not wait for a fifo in its place', async () => {
  await mkdir(dirname(path));
  spawnSync('mkfifo', ['-m', '600', path]);

  await expect(new SecretFile(path).read()).rejects.toMatchObject({ message: expect.stringContaining('no regular file') });
});

test.each([
  ['broken', '{"A": "hush-hush', 'it is not JSON'],
  ['no object', '["hush-hush"]', 'one JSON object'],
  ['with a number', '{"A": 12345678}', 'the entry "A"'],
  ['with an odd name', '{"../x": "hush-hush"}', 'the entry "../x"'],
])('SecretFile refuses a file that is %s, and quotes no value', async (_, text, why) => {
  const refused = await (await plant(text)).read().catch((error: Error) => error);

  expect(String(refused)).toContain(why);
  expect(String(refused)).not.toMatch(/hush|12345678/);
});

test('SecretFile has no entry __proto__ of its own', async () => {
  const file = new SecretFile(path);
  await file.write(new Map([['__proto__', 'mine']]));

  expect([...(await file.read())]).toEqual([['__proto__', 'mine']]);
});
