import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { daemonPlace, MAX_SOCKET_BYTES } from '../../../../host/daemon/control/place.ts';

let home: string;

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'outrigger-place-')));
  for (const name of ['one', 'other']) {
    await mkdir(join(home, name));
    await writeFile(join(home, name, 'outrigger.json'), '{}');
  }
});

afterEach(() => rm(home, { recursive: true, force: true }));

const at = (cwd: string, env: Record<string, string> = {}, config?: string) =>
  daemonPlace({ config, cwd, env: { HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), ...env } });

test('daemonPlace() is the same for one config file however it is named, and another for each other', async () => {
  await symlink(join(home, 'one'), join(home, 'link'));
  const one = await at(join(home, 'one'));
  expect(one.socket).toBe(join(home, 'run', 'outrigger', `${one.key}.sock`));
  expect(await at(home, {}, 'one/outrigger.json')).toEqual(one);
  expect(await at(home, { OUTRIGGER_CONFIG: join(home, 'link', 'outrigger.json') })).toEqual(one);
  expect((await at(join(home, 'other'))).key).not.toBe(one.key);
  expect((await at(home)).config).toBeUndefined();
});

test('daemonPlace() takes the socket that OUTRIGGER_SOCKET names, and keeps the lock with the config', async () => {
  const one = await at(join(home, 'one'));
  const named = await at(join(home, 'one'), { OUTRIGGER_SOCKET: 'my.sock' });
  expect(named).toMatchObject({ socket: join(home, 'one', 'my.sock'), isNamed: true, lock: one.lock });
});

test('daemonPlace() without a runtime folder is a folder of this user alone', async () => {
  const { folder } = await daemonPlace({ config: undefined, cwd: home, env: { HOME: home, XDG_RUNTIME_DIR: 'relative', TMPDIR: home } });
  expect([`/run/user/${process.getuid?.()}/outrigger`, join(home, `outrigger-${process.getuid?.()}`)]).toContain(folder);
});

test('daemonPlace() refuses a path longer than a socket may have', async () => {
  const fits = join('/', 'x'.repeat(MAX_SOCKET_BYTES - 1));
  expect((await at(home, { OUTRIGGER_SOCKET: fits })).socket).toBe(fits);
  await expect(at(home, { OUTRIGGER_SOCKET: `${fits}x` })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('longer than 103 bytes'),
  });
});
