import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectToDaemon, type DaemonClient } from '../../../../host/daemon/control/daemon-client.ts';
import { listenOnSocket } from '../../../../host/daemon/control/unix-socket.ts';

type Reply = (message: { id: number; method: string }, socket: Socket) => void;

let folder: string;
let path: string;
let server: Server | undefined;
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-ask-'));
  path = join(folder, 'a.sock');
  server = undefined;
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Listens, answers hello, and leaves the rest to `reply`. */
async function connected(reply: Reply): Promise<DaemonClient> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      const message = JSON.parse(line) as { id: number; method: string };
      if (message.method === 'hello') say(socket, { id: message.id, result: {} });
      else reply(message, socket);
    });
  });
  await listenOnSocket(server, path);
  const answer = await connectToDaemon(path, 'test');
  if ('reason' in answer) throw new Error(answer.reason);
  return answer.client;
}

function say(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

test('ask() gives each request its own answer, in whatever order they come', async () => {
  const asked: { id: number; method: string }[] = [];
  const client = await connected((message, socket) => {
    asked.push(message);
    if (asked.length === 2) for (const { id, method } of asked.reverse()) say(socket, { id, result: method });
  });
  expect(await Promise.all([client.ask('one'), client.ask('other')])).toEqual(['one', 'other']);
  client.close();
});

test('ask() rejects with what the daemon says, by its code', async () => {
  const client = await connected(({ id }, socket) =>
    say(socket, {
      id,
      error: { code: -32005, message: 'Cannot use it', data: { code: id % 2 === 0 ? 'HOOK_UNKNOWN' : 'FROM_THE_FUTURE' } },
    }),
  );
  await expect(client.ask('even')).rejects.toMatchObject({ code: 'HOOK_UNKNOWN', message: 'Cannot use it' });
  await expect(client.ask('odd')).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  client.close();
});

test('ask() rejects at once when the daemon goes, and afterwards', async () => {
  const client = await connected((_message, socket) => socket.destroy());
  await expect(client.ask('status')).rejects.toMatchObject({
    code: 'HOST_STOPPED',
    message: expect.stringContaining('closed the connection'),
  });
  await client.closed;
  await expect(client.ask('status')).rejects.toMatchObject({ code: 'HOST_STOPPED' });
});

test('ask() rejects when no answer comes in time', async () => {
  const client = await connected(() => {});
  await expect(client.ask('status', {}, 30)).rejects.toMatchObject({
    code: 'HOST_STOPPED',
    message: expect.stringContaining('no answer within 30 ms'),
  });
  await client.closed;
});

test.each(['garbage\n', '{"half": \n', '[1]\n', 'null\n'])('ask() survives a daemon that says %j', async (text) => {
  const client = await connected((_message, socket) => socket.end(text));
  await expect(client.ask('status')).rejects.toMatchObject({ code: 'HOST_STOPPED' });
});

test('an error about the connection is the answer to whatever waits', async () => {
  server = createServer((socket) => {
    sockets.push(socket);
    say(socket, { id: null, error: { code: -32003, message: 'Cannot serve the client', data: { code: 'SERVICE_BUSY' } } });
  });
  await listenOnSocket(server, path);
  await expect(connectToDaemon(path, 'test')).rejects.toMatchObject({ code: 'SERVICE_BUSY', message: 'Cannot serve the client' });
});

test.runIf(process.getuid?.() === 0)('connectToDaemon() does not speak to a socket of another user', async () => {
  const client = await connected(() => {});
  client.close();
  const { chown } = await import('node:fs/promises');
  await chown(path, 12_345, 12_345);
  expect(await connectToDaemon(path, 'test')).toEqual({ reason: 'it belongs to another user (uid 12345)' });
});
