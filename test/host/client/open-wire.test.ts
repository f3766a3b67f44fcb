import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { greetDaemon } from '../../../host/client/open-wire.ts';
import type { Wire } from '../../../host/client/wire.ts';
import { listenOnSocket } from '../../../host/daemon/control/unix-socket.ts';

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
async function connected(reply: Reply, deadlineMs?: number): Promise<Wire> {
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
  const answer = await greetDaemon(path, 'test', deadlineMs);
  if ('reason' in answer) throw new Error(answer.reason);
  return answer.wire;
}

function say(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

test('request() gives each request its own answer, in whatever order they come', async () => {
  const asked: { id: number; method: string }[] = [];
  const wire = await connected((message, socket) => {
    asked.push(message);
    if (asked.length === 2) for (const { id, method } of asked.reverse()) say(socket, { id, result: method });
  });
  expect(await Promise.all([wire.request('one'), wire.request('other')])).toEqual(['one', 'other']);
  wire.end('enough');
});

test('request() rejects with what the daemon says, by its code', async () => {
  const wire = await connected(({ id }, socket) =>
    say(socket, {
      id,
      error: { code: -32005, message: 'Cannot use it', data: { code: id % 2 === 0 ? 'HOOK_UNKNOWN' : 'FROM_THE_FUTURE' } },
    }),
  );
  await expect(wire.request('even')).rejects.toMatchObject({ code: 'HOOK_UNKNOWN', message: 'Cannot use it' });
  await expect(wire.request('odd')).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  wire.end('enough');
});

test('request() rejects at once when the daemon goes, and afterwards', async () => {
  const wire = await connected((_message, socket) => socket.destroy());
  await expect(wire.request('status')).rejects.toMatchObject({
    code: 'HOST_STOPPED',
    message: expect.stringContaining('closed the connection'),
  });
  await wire.closed;
  await expect(wire.request('status')).rejects.toMatchObject({ code: 'HOST_STOPPED' });
});

test('request() rejects when no answer comes in time', async () => {
  const wire = await connected(() => {}, 30);
  await expect(wire.request('status')).rejects.toMatchObject({
    code: 'HOST_STOPPED',
    message: expect.stringContaining('no answer within 30 ms'),
  });
  await wire.closed;
});

test.each(['garbage\n', '{"half": \n', '[1]\n', 'null\n'])('request() survives a daemon that says %j', async (text) => {
  const wire = await connected((_message, socket) => socket.end(text));
  await expect(wire.request('status')).rejects.toMatchObject({ code: 'HOST_STOPPED' });
});

test('an error about the connection is the answer to whatever waits', async () => {
  server = createServer((socket) => {
    sockets.push(socket);
    say(socket, { id: null, error: { code: -32003, message: 'Cannot serve the client', data: { code: 'SERVICE_BUSY' } } });
  });
  await listenOnSocket(server, path);
  await expect(greetDaemon(path, 'test')).rejects.toMatchObject({ code: 'SERVICE_BUSY', message: 'Cannot serve the client' });
});

test.runIf(process.getuid?.() === 0)('greetDaemon() does not speak to a socket of another user', async () => {
  const wire = await connected(() => {});
  wire.end('enough');
  const { chown } = await import('node:fs/promises');
  await chown(path, 12_345, 12_345);
  expect(await greetDaemon(path, 'test')).toEqual({ reason: 'it belongs to another user (uid 12345)' });
});
