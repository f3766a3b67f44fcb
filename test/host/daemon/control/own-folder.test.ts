import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertSafeFolder, makeOwnFolder } from '../../../../host/daemon/control/own-folder.ts';

let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'outrigger-own-'));
});

afterEach(() => rm(place, { recursive: true, force: true }));

test('makeOwnFolder() makes a folder that only this user enters, and takes the same one again', async () => {
  await makeOwnFolder(join(place, 'below', 'run'));
  await makeOwnFolder(join(place, 'below', 'run'));
  expect((await stat(join(place, 'below', 'run'))).mode & 0o777).toBe(0o700);
});

test.each([0o777, 0o770, 0o1777])('makeOwnFolder() refuses a folder of mode %o', async (mode) => {
  const folder = join(place, 'run');
  await mkdir(folder);
  await chmod(folder, mode);
  await expect(makeOwnFolder(folder)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining('others may write'),
  });
});

test('makeOwnFolder() refuses a link, which somebody else may lead elsewhere, and a file', async () => {
  await symlink(place, join(place, 'link'));
  await writeFile(join(place, 'file'), '');
  for (const name of ['link', 'file'])
    await expect(makeOwnFolder(join(place, name))).rejects.toMatchObject({ message: expect.stringContaining('it is no folder') });
});

test.runIf(process.getuid?.() === 0)('makeOwnFolder() refuses the folder of another user', async () => {
  const folder = join(place, 'run');
  await mkdir(folder, { mode: 0o700 });
  const { chown } = await import('node:fs/promises');
  await chown(folder, 12_345, 12_345);
  await expect(makeOwnFolder(folder)).rejects.toMatchObject({ message: expect.stringContaining('belongs to another user (uid 12345)') });
});

test('assertSafeFolder() takes a shared folder in which nobody can remove what others made, and no other that others write to', async () => {
  await chmod(place, 0o1777);
  await assertSafeFolder(place);
  await chmod(place, 0o777);
  await expect(assertSafeFolder(place)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await expect(assertSafeFolder(join(place, 'missing'))).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') });
});
