import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, connect } from '../../../host/client/index.ts';
import { ClientConnection } from '../../../host/daemon/clients/client-connection.ts';
import type { AnyHost } from '../../../host/daemon/clients/types.ts';
import { defineCatalog } from '../../../host/daemon/define-catalog.ts';
import { createHost } from '../../../host/daemon/host.ts';
import { waitUntil } from '../../support/wait-until.ts';

const shop = defineCatalog({
  name: 'shop',
  hooks: {
    order: { description: 'An order.', payload: { type: 'object' }, allows: ['modify', 'block'], writable: ['/quantity'] },
    sent: { description: 'A parcel.', payload: { type: 'object' } },
  },
});
interface Hooks {
  'shop.order': { payload: { item?: string; quantity?: number } };
  'shop.sent': { payload: object };
}

let folder: string;
let path: string;
let host: AnyHost;
let server: Server;
let sockets: Set<Socket>;
const clients: Client<Hooks>[] = [];

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function listen(): Promise<void> {
  sockets = new Set();
  server = createServer((socket) => {
    sockets.add(socket);
    new ClientConnection({ input: socket, output: socket, log: quiet, hostFor: () => host });
  });
  return new Promise((resolve) => server.listen(path, resolve));
}

/** The daemon dies: every connection with it. */
async function die(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

async function opened(options: Parameters<typeof connect>[0] = {}): Promise<Client<Hooks>> {
  const client = await connect<Hooks>({ path, ...options });
  clients.push(client);
  return client;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-client-'));
  path = join(folder, 'daemon.sock');
  host = (await createHost({ catalogs: [shop], config: false })) as unknown as AnyHost;
  host.on('shop.order', (payload) => {
    const { item, quantity } = payload as Hooks['shop.order']['payload'];
    if (item === 'bad') return { action: 'block', violation: { reason: 'no', code: 'NO' } };
    return (quantity ?? 0) > 10 ? { action: 'modify', changes: { quantity: 10 } } : undefined;
  });
  await listen();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await die();
  await host.close();
  rmSync(folder, { recursive: true });
});

test('emit() gives the payload whether somebody changed it or not', async () => {
  const client = await opened();

  expect(await client.emit('shop.order', { quantity: 2 })).toMatchObject({ status: 'continued', payload: { quantity: 2 } });
  expect(await client.emit('shop.order', { quantity: 20 })).toMatchObject({ status: 'continued', payload: { quantity: 10 } });
  expect(await client.emit('shop.order', { item: 'bad' })).toMatchObject({ status: 'blocked', violation: { reason: 'no', code: 'NO' } });
});

test('emit() builds no payload and asks nobody where nobody listens', async () => {
  const client = await opened();

  const outcome = await client.emit('shop.sent', () => {
    throw new Error('built for nothing');
  });

  expect(client.has('shop.sent')).toBe(false);
  expect(client.has('shop.order')).toBe(true);
  expect(outcome).toMatchObject({ status: 'continued', event: '' });
});

test('emit() rejects with the host’s error, by code', async () => {
  const client = await opened();

  await expect(client.emit('shop.order', [] as never)).rejects.toMatchObject({ code: 'PARAMS_INVALID' });
  await expect(client.emit('shop.order', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
});

test('emit() cancels the event on the host when its signal is aborted', async () => {
  let isCancelled = false;
  const remove = host.on(
    'shop.order',
    (_payload, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined))),
    {
      name: 'slow',
      timeoutMs: 60_000,
    },
  );
  host.on('shop.order', (_payload, { signal }) => void signal.addEventListener('abort', () => (isCancelled = true)), {
    name: 'watch',
    priority: -1,
  });
  const client = await opened();
  const abort = new AbortController();

  const emitted = client.emit('shop.order', {}, { signal: abort.signal });
  setImmediate(() => abort.abort());

  await expect(emitted).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  await waitUntil(() => isCancelled || host.stats().events > 0, 'the event ends on the host');
  remove();
});

test('a session is of one connection, an operation keeps its id, and a trace can be asked for', async () => {
  const client = await opened();
  await using session = await client.session({ id: 's1' });
  const operation = client.operation('o1');

  const { event, trace } = await operation.emit('shop.order', {}, { trace: true });

  expect(session.id).toBe('s1');
  expect(session.has('shop.order')).toBe(true);
  expect(await session.emit('shop.order', {})).toMatchObject({ status: 'continued' });
  expect(trace).toMatchObject({ event, operation: 'o1' });
  expect(await client.trace(event)).toEqual(trace);
  expect(await client.trace('nothing')).toBeUndefined();
  expect((await client.hooks()).find(({ name }) => name === 'shop.order')?.subscribers).toEqual(['handler']);
  await operation.end();
});

test('a lost connection fails what waits at once, and is made again when the daemon is back', async () => {
  const states: string[] = [];
  const client = await opened({ reconnectMs: [10], onState: (state) => states.push(state) });
  const session = await client.session();
  host.on('shop.sent', () => new Promise(() => {}), { timeoutMs: 60_000 });
  await client.close();
  const other = await opened({ reconnectMs: [10], onState: (state) => states.push(state) });
  const waiting = other.emit('shop.sent', {});
  const own = await other.session();

  const failed = expect(waiting).rejects.toMatchObject({ code: 'HOST_STOPPED' });
  await die();
  await failed;
  await expect(other.emit('shop.order', {})).rejects.toMatchObject({ code: 'HOST_STOPPED' });
  await listen();
  await waitUntil(() => states.at(-1) === 'connected', 'it is connected again');

  expect(await other.emit('shop.order', {})).toMatchObject({ status: 'continued' });
  await expect(own.emit('shop.order', {})).rejects.toMatchObject({ code: 'SCOPE_CLOSED' });
  await expect(session.emit('shop.order', {})).rejects.toMatchObject({ code: 'SCOPE_CLOSED' });
  expect(states).toEqual(['connected', 'closed', 'connected', 'lost', 'connected']);
});

test('connect() says where it looked and how to start a daemon', async () => {
  await expect(connect({ path: join(folder, 'none.sock') })).rejects.toThrow(
    /Cannot connect to a daemon at ".*none\.sock": there is no socket; start one: outrigger start/,
  );
});

test('connect() without a path takes the socket that OUTRIGGER_SOCKET names', async () => {
  const before = process.env['OUTRIGGER_SOCKET'];
  process.env['OUTRIGGER_SOCKET'] = path;
  try {
    const client = await connect<Hooks>();
    clients.push(client);

    expect(client.has('shop.order')).toBe(true);
  } finally {
    if (before === undefined) delete process.env['OUTRIGGER_SOCKET'];
    else process.env['OUTRIGGER_SOCKET'] = before;
  }
});

test('connect() refuses an option there is not, which somebody counts on', async () => {
  await expect(connect({ pat: join(folder, 'none.sock') } as object)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'Cannot connect: there is no option "pat"; did you mean "path"?',
  });
});

test.each([0, -1, Number.NaN, 2 ** 31])('connect() refuses silenceMs %d, and says what would be right', async (silenceMs) => {
  await expect(connect({ path, silenceMs })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `Cannot connect: silenceMs is ${silenceMs}; use a number of milliseconds up to 2147483647, or Infinity`,
  });
});

test('emit() of what cannot be sent fails alone: what else is asked goes on', async () => {
  const client = await opened();
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  let go = (): void => {};
  const held = new Promise<undefined>((resolve) => {
    go = () => resolve(undefined);
  });
  host.on('shop.order', () => held, { name: 'waits', timeoutMs: 60_000 });

  const other = client.emit('shop.order', { quantity: 20 });
  const large = client.emit('shop.order', { item: 'ä'.repeat(6 * 1024 * 1024) });

  await expect(large).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  await expect(client.emit('shop.order', circle)).rejects.toMatchObject({ code: 'PARAMS_INVALID' });
  await expect(client.emit('shop.order', { quantity: 1n } as never)).rejects.toMatchObject({ code: 'PARAMS_INVALID' });
  go();
  expect(await other).toMatchObject({ status: 'continued', payload: { quantity: 10 } });
});

test('connect() leaves no connection behind when its hello is refused', async () => {
  let isClosed = false;
  const refusing = createServer((socket) => {
    socket.on('close', () => {
      isClosed = true;
    });
    socket.once('data', () =>
      socket.write('{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no","data":{"code":"PERMISSION_DENIED"}}}\n'),
    );
  });
  const other = join(folder, 'other.sock');
  await new Promise<void>((resolve) => refusing.listen(other, resolve));

  await expect(connect({ path: other })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });

  await waitUntil(() => isClosed, 'the connection to end');
  await new Promise((resolve) => refusing.close(resolve));
});

test('close() while the client connects again leaves no connection behind', async () => {
  const states: string[] = [];
  let reconnecting: (() => void) | undefined;
  const client = await opened({ reconnectMs: [1], onState: (state) => states.push(state) });
  await die();
  await waitUntil(() => states.includes('lost'), 'the connection to be lost');
  // Says nothing to hello until the client was closed.
  sockets = new Set();
  server = createServer((socket) => {
    sockets.add(socket);
    reconnecting = () => void new ClientConnection({ input: socket, output: socket, log: quiet, hostFor: () => host });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await waitUntil(() => reconnecting !== undefined, 'the client to connect again');
  await client.close();
  reconnecting?.();

  await waitUntil(() => [...sockets].every(({ destroyed }) => destroyed), 'the new connection to end');
  expect(states).toEqual(['connected', 'lost', 'closed']);
});

test('end() of an operation whose daemon is gone is no failure', async () => {
  const client = await opened({ reconnectMs: [] });
  const operation = client.operation();
  await operation.emit('shop.order', {});
  await die();
  await waitUntil(() => !canAsk(client), 'the connection to be lost');

  await operation.end();
  await listen();
});

function canAsk(client: Client<Hooks>): boolean {
  try {
    void client.traces();
    return true;
  } catch {
    return false;
  }
}
