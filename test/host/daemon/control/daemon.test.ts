import { lstat, mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { greetDaemon } from '../../../../host/client/open-wire.ts';
import { RequestSignal } from '../../../../host/daemon/clients/request-signal.ts';
import type { AnyHost } from '../../../../host/daemon/clients/types.ts';
import { Clients } from '../../../../host/daemon/control/clients.ts';
import { Daemon, type DaemonOptions } from '../../../../host/daemon/control/daemon.ts';
import { daemonPlace } from '../../../../host/daemon/control/place.ts';
import { listenOnSocket } from '../../../../host/daemon/control/unix-socket.ts';
import { type AppHost, DRAFT, Hosts } from '../../../support/hosts.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { RawClient } from './raw-client.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const EVENT = { hook: 'app.save', payload: DRAFT };
let hosts: Hosts;
let folder: string;
let daemons: Daemon[];
let clients: RawClient[];

beforeEach(async () => {
  hosts = new Hosts();
  daemons = [];
  clients = [];
  folder = await mkdtemp(join(tmpdir(), 'outrigger-daemon-'));
});

afterEach(async () => {
  for (const client of clients) client.close();
  for (const daemon of daemons) {
    daemon.stop();
    await daemon.stopped;
  }
  await hosts.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(host: AppHost, more: Partial<DaemonOptions> = {}): Promise<{ daemon: Daemon; socket: string }> {
  const env = { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run'), ...more.env };
  const place = await daemonPlace({ config: undefined, cwd: folder, env });
  const onReload = () => ({ applied: true, problems: [] });
  const daemon = await Daemon.open({ host: host as unknown as AnyHost, place, log: SILENT, configFiles: [], onReload, ...more, env });
  daemons.push(daemon);
  return { daemon, socket: place.socket };
}

async function greeted(socket: string): Promise<RawClient> {
  const client = await RawClient.open(socket);
  clients.push(client);
  return client;
}

async function pluginsOf(client: RawClient): Promise<Record<string, unknown>[]> {
  const { result = {} } = await client.ask('status');
  return result['plugins'] as Record<string, unknown>[];
}

/** A handler that holds every event until it is let go. */
function gate(host: AppHost): { open: () => void; waiting: () => number } {
  let waiting = 0;
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  host.on('app.save', async () => {
    waiting += 1;
    await opened;
    return {};
  });
  return { open, waiting: () => waiting };
}

test('Daemon serves many clients one host, each with its own sessions', async () => {
  const { socket } = await open(await hosts.open({ 'adds-tag': {} }));
  const [one, other] = [await greeted(socket), await greeted(socket)];
  await one.ask('session/open', { id: 'mine' });
  const outcome = await other.ask('emit', EVENT);
  const refused = await other.ask('emit', { ...EVENT, session: 'mine' });
  expect(outcome.result).toMatchObject({ status: 'continued', payload: { tags: [expect.any(String)] } });
  expect(refused.error?.data.code).toBe('SCOPE_CLOSED');
});

test('Daemon listens where only this user can connect, and leaves nothing there', async () => {
  const { daemon, socket } = await open(await hosts.open());
  expect((await lstat(socket)).mode & 0o777).toBe(0o600);
  expect((await stat(join(socket, '..'))).mode & 0o777).toBe(0o700);
  daemon.stop();
  await daemon.stopped;
  expect(await greetDaemon(socket, 'test')).toEqual({ reason: 'there is no socket' });
});

test('Daemon that cannot listen on the network leaves no socket behind', async () => {
  const host = await hosts.open();
  const files = { certFile: join(folder, 'no.pem'), keyFile: join(folder, 'no.key'), tokenFile: join(folder, 'no.token') };
  await expect(open(host, { network: { host: '127.0.0.1', port: 0, ...files } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  const { socket } = await daemonPlace({ config: undefined, cwd: folder, env: { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run') } });
  expect(await greetDaemon(socket, 'test')).toEqual({ reason: 'there is no socket' });
});

test('stop waits for events in flight, refuses new ones, and every answer arrives', async () => {
  const host = await hosts.open();
  const held = gate(host);
  const { daemon, socket } = await open(host);
  const client = await greeted(socket);
  client.send({ id: 1, method: 'emit', params: EVENT });
  await waitUntil(() => held.waiting() === 1, 'the event to be inside');

  const stopping = await client.ask('stop');
  const refused = await client.ask('emit', EVENT);
  const session = await client.ask('session/open');
  const status = await client.ask('status');
  held.open();
  await daemon.stopped;
  await waitUntil(() => client.isClosed, 'the connection to end');

  expect(stopping.result).toEqual({ pid: process.pid, drainMs: 10_000 });
  expect([refused, session].map(({ error }) => error?.data.code)).toEqual(['HOST_STOPPED', 'HOST_STOPPED']);
  expect(status.result).toMatchObject({ state: 'stopping', inFlight: 1 });
  expect(client.said.find(({ id }) => id === 1)?.result).toMatchObject({ status: 'continued' });
});

test('stop does not wait for an event longer than its deadline', async () => {
  const host = await hosts.open();
  const held = gate(host);
  const { daemon, socket } = await open(host, { drainMs: 50 });
  const client = await greeted(socket);
  client.send({ id: 1, method: 'emit', params: EVENT });
  await waitUntil(() => held.waiting() === 1, 'the event to be inside');

  daemon.stop();
  await daemon.stopped;

  expect(client.said.find(({ id }) => id === 1)?.result).toBeUndefined();
  held.open();
});

test('stop does not wait for a client that reads nothing', async () => {
  const host = await hosts.open();
  const { daemon, socket } = await open(host);
  const client = await greeted(socket);
  client.socket.pause();
  for (let id = 0; id < 2000; id++) client.send({ id, method: 'hooks/list' });
  daemon.stop();
  await daemon.stopped;
  expect(daemon.status().clients).toBe(0);
});

test('status tells how plugins are', async () => {
  const host = await hosts.open({ 'adds-tag': {}, 'crashes-in-hook': { hooks: { 'app.save': { onFailure: 'ignore' } } } });
  const breakers = () => [{ plugin: 'adds-tag', hook: 'app.save', state: 'open' as const }];
  const { socket } = await open(host, { configFiles: ['/a/outrigger.json'], breakers });
  const client = await greeted(socket);
  await client.ask('emit', { hook: 'app.save', payload: { title: 'sin', tags: [] } });
  const { result } = await client.ask('status');
  expect(result).toMatchObject({
    pid: process.pid,
    state: 'serving',
    addresses: [socket],
    configFiles: ['/a/outrigger.json'],
    clients: 1,
    inFlight: 0,
    events: 1,
    failOpens: [{ plugin: 'crashes-in-hook', hook: 'app.save', code: 'PLUGIN_EXITED', count: 1 }],
  });
  const [steady, crashing] = await pluginsOf(client);
  expect(steady).toMatchObject({ name: 'adds-tag', state: 'ready', answered: 1, breakers: [{ hook: 'app.save', state: 'open' }] });
  expect(steady?.['memoryKb']).toBeGreaterThan(1000);
  expect(crashing).toMatchObject({ failed: { PLUGIN_EXITED: 1 }, lastExit: { death: 'crash', message: expect.any(String) } });
});

test('plugins/restart puts a fresh process in the place of the old one', async () => {
  const { socket } = await open(await hosts.open({ 'adds-tag': {} }));
  const client = await greeted(socket);
  const pid = async (): Promise<unknown> => (await pluginsOf(client))[0]?.['pid'];
  await client.ask('emit', EVENT);
  const before = await pid();
  expect((await client.ask('plugins/restart', { plugin: 'adds-tag' })).result).toEqual({});
  expect(await pid()).not.toBe(before);
  expect((await client.ask('plugins/restart', { plugin: 'adds-tags' })).error?.data.code).toBe('PLUGIN_UNKNOWN');
  expect((await client.ask('plugins/restart', {})).error?.data.code).toBe('PARAMS_INVALID');
});

test('reload answers with the reason when the configuration is refused, and reloads run one after another', async () => {
  let running = 0;
  let most = 0;
  const onReload = async () => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running -= 1;
    throw new Error('Cannot use it');
  };
  const { socket } = await open(await hosts.open(), { onReload });
  const client = await greeted(socket);
  const answers = await Promise.all([client.ask('reload'), client.ask('reload')]);
  for (const { result } of answers) expect(result).toEqual({ applied: false, reason: 'Cannot use it', problems: [] });
  expect(most).toBe(1);
});

test('hello with catalogs is served when the daemon knows their hook points, else refused by name', async () => {
  const { socket } = await open(await hosts.open());
  const client = new RawClient(connect(socket));
  clients.push(client);
  const known = await client.ask('hello', { protocol: 1, catalogs: [{ name: 'app', hooks: { save: {} } }] });
  expect(known.result).toMatchObject({ protocol: 1 });
  const other = new RawClient(connect(socket));
  clients.push(other);
  const unknown = await other.ask('hello', { protocol: 1, catalogs: [{ name: 'shop', hooks: { order: {} } }] });
  expect(unknown.error?.message).toMatch(/hook point "shop.order" is unknown; a daemon serves the catalogs of its config/);
  await waitUntil(() => other.isClosed, 'the connection to end');
  const nameless = new RawClient(connect(socket));
  clients.push(nameless);
  const odd = await nameless.ask('hello', { protocol: 1, catalogs: [{ name: { toString: 1 }, hooks: { order: {} } }] });
  expect(odd.error?.message).toContain('hook point "{"toString":1}.order" is unknown');
});

test('a host that is no daemon has no status to tell', async () => {
  const { ClientScope } = await import('../../../../host/daemon/clients/requests.ts');
  const scope = new ClientScope((await hosts.open()) as unknown as AnyHost);
  for (const method of ['status', 'stop', 'reload'])
    expect(() => scope.answer(method, {}, new RequestSignal())).toThrow(expect.objectContaining({ code: 'METHOD_UNKNOWN' }));
});

test('Clients tells one too many why it is not served, and one that says no hello', async () => {
  const host = (await hosts.open()) as unknown as AnyHost;
  const { daemon } = await open((await hosts.open()) as AppHost);
  const few = new Clients({ host, control: daemon, log: SILENT, maxClients: 2, helloMs: 200 });
  const { createServer } = await import('node:net');
  const server = createServer((socket) => few.accept(socket, undefined));
  const path = join(folder, 'few.sock');
  await listenOnSocket(server, path);
  const [first, silent] = [await greeted(path), new RawClient(connect(path))];
  await waitUntil(() => few.count === 2, 'two clients');
  const third = new RawClient(connect(path));
  clients.push(silent, third);

  await waitUntil(() => third.isClosed && silent.isClosed, 'both to be let go');

  expect(third.said).toMatchObject([
    { id: null, error: { data: { code: 'SERVICE_BUSY' }, message: expect.stringContaining('2 clients are connected') } },
  ]);
  expect(silent.said).toMatchObject([
    { id: null, error: { data: { code: 'REQUEST_INVALID' }, message: expect.stringContaining('no "hello" within 200 ms') } },
  ]);
  expect((await first.ask('ping')).result).toEqual({});
  await few.close();
  server.close();
});
