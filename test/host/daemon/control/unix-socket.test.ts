import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo, listenOnSocket } from '../../../../host/daemon/control/unix-socket.ts';

const servers: Server[] = [];
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-sock-'));
  path = join(folder, 'a.sock');
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

function made(): Server {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  return server;
}

test('listenOnSocket() makes a socket that only this user may connect to, and leaves the mask of the process', async () => {
  const mask = process.umask();
  await listenOnSocket(made(), path);
  expect((await lstat(path)).mode & 0o777).toBe(0o600);
  expect(process.umask()).toBe(mask);
});

test('listenOnSocket() replaces the socket of a process that was killed', async () => {
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await connectTo(path)).toEqual({ code: 'ECONNREFUSED' });

  await listenOnSocket(made(), path);

  const answer = await connectTo(path);
  expect(answer).toHaveProperty('socket');
  if ('socket' in answer) answer.socket.destroy();
});

test('listenOnSocket() leaves a socket alone on which another process listens', async () => {
  await listenOnSocket(made(), path);
  await expect(listenOnSocket(made(), path)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: `Cannot listen on "${path}": another process listens there; name another in OUTRIGGER_SOCKET`,
  });
  expect(await connectTo(path)).toHaveProperty('socket');
});

test('listenOnSocket() removes nothing that is no socket', async () => {
  await writeFile(path, 'precious');
  await expect(listenOnSocket(made(), path)).rejects.toMatchObject({ message: expect.stringContaining('it is no socket') });
  expect((await lstat(path)).size).toBe(8);
});

test('listenOnSocket() says why a folder that is missing cannot be used', async () => {
  await expect(listenOnSocket(made(), join(folder, 'missing', 'a.sock'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  expect(await connectTo(join(folder, 'missing', 'a.sock'))).toEqual({ code: 'ENOENT' });
});
