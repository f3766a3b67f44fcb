import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { greetDaemon, openWire } from '../../../host/client/open-wire.ts';
import type { Wire, WireOptions } from '../../../host/client/wire.ts';
import { listenOnSocket } from '../../../host/daemon/control/unix-socket.ts';
import { waitUntil } from '../../support/wait-until.ts';

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
  await listen(reply);
  return opened(await greetDaemon(path, 'test', deadlineMs));
}

async function connectedWith(options: WireOptions, reply: Reply): Promise<Wire> {
  await listen(reply);
  return opened(await openWire(path, options));
}

function opened(answer: { readonly wire: Wire } | { readonly reason: string }): Wire {
  if ('reason' in answer) throw new Error(answer.reason);
  return answer.wire;
}

async function listen(reply: Reply): Promise<void> {
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

test('a daemon that answers nothing, not even a ping, counts as hung after silenceMs', async () => {
  const asked: string[] = [];
  const wire = await connectedWith({ silenceMs: 60 }, ({ method }) => asked.push(method));
  await expect(wire.request('emit')).rejects.toMatchObject({
    code: 'HOST_STOPPED',
    message: 'Cannot ask the daemon for "emit": it hangs: it said nothing for 60 ms, not even to a ping',
  });
  await waitUntil(() => asked.length === 2, 'the daemon to be pinged');
  expect(asked).toEqual(['emit', 'ping']);
  await wire.closed;
});

test('a daemon that answers pings is waited for, however long the event takes', async () => {
  let emit = 0;
  let pings = 0;
  const wire = await connectedWith({ silenceMs: 200 }, ({ id, method }, socket) => {
    if (method === 'emit') emit = id;
    else say(socket, { id, result: {} });
    pings += method === 'ping' ? 1 : 0;
    if (pings === 3) say(socket, { id: emit, result: { status: 'continued' } });
  });
  expect(await wire.request('emit')).toEqual({ status: 'continued' });
  wire.end('enough');
});

test('a daemon of which nothing is asked may say nothing', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const asked: string[] = [];
  const wire = await connectedWith({ silenceMs: 1000 }, ({ id, method }, socket) => {
    asked.push(method);
    say(socket, { id, result: {} });
  });
  await wire.request('first');
  vi.advanceTimersByTime(60_000);
  expect([await wire.request('second'), asked]).toEqual([{}, ['first', 'second']]);
  wire.end('enough');
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
