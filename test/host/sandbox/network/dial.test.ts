import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { dial } from '../../../../host/sandbox/network/dial.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end('hello'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as { port: number }).port;
}

const { signal } = new AbortController();

test('dial() takes the next address when one does not answer', async () => {
  const port = await listen('127.0.0.3');

  const socket = await dial({ addresses: ['127.0.0.1', '127.0.0.2', '127.0.0.3'], port, timeoutMs: 10_000, signal });

  expect(socket.remoteAddress).toBe('127.0.0.3');
  socket.destroy();
});

test('dial() rejects with the network’s error when none answers', async () => {
  const port = await listen('127.0.0.3');

  for (const addresses of [['127.0.0.1'], ['127.0.0.1', '127.0.0.2']]) {
    await expect(dial({ addresses, port, timeoutMs: 10_000, signal })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  }
});

test('dial() ends with its signal, before and after it connected', async () => {
  const port = await listen();
  const controller = new AbortController();
  const socket = await dial({ addresses: ['127.0.0.1'], port, timeoutMs: 10_000, signal: controller.signal });
  const closed = once(socket, 'close').catch(() => {});

  controller.abort();

  await closed;
  expect(socket.destroyed).toBe(true);
  await expect(dial({ addresses: ['127.0.0.1'], port, timeoutMs: 10_000, signal: controller.signal })).rejects.toThrow();
});
