import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const LISTENER = fileURLToPath(new URL('../../../../host/sandbox/network/netns-listener.ts', import.meta.url));

function start(port: number): ReturnType<typeof fork> {
  return fork(LISTENER, [String(port)], { execArgv: [], env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
}

test('the listener hands over its socket, which outlives it', async () => {
  const child = start(0);
  const [message, server] = (await once(child, 'message')) as [unknown, Server];
  child.kill('SIGKILL');
  await once(child, 'exit');
  server.on('connection', (socket) => socket.end('here'));

  const { port, address } = server.address() as { port: number; address: string };
  const [bytes] = (await once(connect(port, address), 'data')) as [Buffer];

  expect([message, address, bytes.toString()]).toEqual([{ listening: true }, '127.0.0.1', 'here']);
  server.close();
});

test('the listener says that it cannot listen, and ends', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const child = start((taken.address() as { port: number }).port);

  const [[message], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);

  expect(message).toEqual({ error: expect.stringContaining('EADDRINUSE') });
  expect(code).toBe(1);
  taken.close();
});

test('the listener ends when the host is gone', async () => {
  const child = start(0);
  const [, server] = (await once(child, 'message')) as [unknown, Server];
  child.disconnect();

  expect(await once(child, 'exit')).toEqual([1, null]);
  server.close();
});
