import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect as connectClient } from '../../host/client/index.ts';
import { RawClient } from '../host/daemon/control/raw-client.ts';
import { waitUntil } from '../support/wait-until.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const EVENT = { hook: 'conda.pre_command' as const, payload: { command: 'ls', args: [] } };
const MIB = 1024 * 1024;
let place: DaemonPlaceUnderTest;
let pid: number;

beforeEach(async () => {
  place = new DaemonPlaceUnderTest();
  place.plugin('quick', { 'conda.pre_command': {} });
  pid = (await place.up()).child.pid as number;
}, 30_000);

afterEach(async () => {
  // Whatever a client did, others are served and the daemon has forgotten it.
  const steady = await place.client();
  expect((await steady.ask('emit', EVENT)).result).toMatchObject({ status: 'continued' });
  await waitUntil(async () => (await steady.ask('status')).result?.['clients'] === 1, 'the other clients to be forgotten');
  await place.clear();
}, 30_000);

function raw(): RawClient {
  return new RawClient(connect(place.socket));
}

test('garbage is answered with an error and costs nobody else anything', async () => {
  const client = raw();
  client.socket.write('{ this is no JSON }\n');
  client.socket.write('[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n{"id":1}\n{"id":{},"method":"ping"}\n');
  await waitUntil(() => client.said.length === 4, 'four errors');
  expect(client.said.map(({ error }) => error?.data.code)).toEqual([
    'PARSE_ERROR',
    'REQUEST_INVALID',
    'REQUEST_INVALID',
    'REQUEST_INVALID',
  ]);
  expect((await client.ask('hello', { protocol: 1 })).result).toMatchObject({ protocol: 1 });
  client.close();
});

test('a daemon that hangs fails what was asked of it, and is found again when it goes on', async () => {
  const states: string[] = [];
  const client = await connectClient({ path: place.socket, silenceMs: 200, reconnectMs: [10], onState: (state) => states.push(state) });
  process.kill(pid, 'SIGSTOP');
  try {
    await expect(client.emit(EVENT.hook, EVENT.payload)).rejects.toMatchObject({
      code: 'HOST_STOPPED',
      message: 'Cannot ask the daemon for "emit": it hangs: it said nothing for 200 ms, not even to a ping',
    });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await waitUntil(() => states.at(-1) === 'connected' && states.length > 1, 'the client to be connected again');
  expect(await client.emit(EVENT.hook, EVENT.payload)).toMatchObject({ status: 'continued' });
  await client.close();
});

test('half a message is no message, whether the client waits or leaves', async () => {
  const waits = raw();
  waits.socket.write('{"jsonrpc":"2.0","id":1,"method":"hel');
  const leaves = raw();
  leaves.socket.end('{"jsonrpc":"2.0","id":1,"method":"hel');
  await waitUntil(() => leaves.isClosed, 'the connection to end');
  waits.socket.write('lo","params":{"protocol":1}}\n');
  await waitUntil(() => waits.said.length === 1, 'the answer to the whole message');
  expect(waits.said[0]?.result).toMatchObject({ protocol: 1 });
  waits.close();
});

test('a message of 11 MB is refused, and the connection ends', async () => {
  const client = await place.client();
  client.send({ id: 'large', method: 'emit', params: { ...EVENT, payload: { command: 'x'.repeat(11 * MIB), args: [] } } });
  await waitUntil(() => client.isClosed, 'the connection to end');
  expect(client.said.at(-1)).toMatchObject({ id: null, error: { data: { code: 'MESSAGE_TOO_LARGE' } } });
});

test('10 000 requests of a client that reads nothing cost the daemon little, and are all answered when it reads', async () => {
  const client = await place.client();
  const before = memoryMib(pid);
  client.socket.pause();
  for (let id = 0; id < 10_000; id++) client.send({ id, method: 'hooks/list' });
  const steady = await place.client();
  for (let time = 0; time < 20; time++) expect((await steady.ask('ping')).result).toEqual({});
  expect(memoryMib(pid) - before).toBeLessThan(100);
  steady.close();

  client.socket.resume();
  await waitUntil(() => client.said.filter(({ id }) => typeof id === 'number').length === 10_000, 'all answers', 30_000);

  client.close();
}, 60_000);

function memoryMib(process: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

test('500 clients are served at once', async () => {
  const clients = await Promise.all(Array.from({ length: 500 }, () => place.client()));
  const outcomes = await Promise.all(clients.map((client) => client.ask('emit', EVENT)));
  expect(outcomes.filter(({ result }) => result?.['status'] === 'continued')).toHaveLength(500);
  expect((await clients[0]?.ask('status'))?.result).toMatchObject({ clients: 500, events: 500 });
  for (const client of clients) client.close();
}, 60_000);
