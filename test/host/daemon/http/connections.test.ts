import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connections } from '../../../../host/daemon/http/connections.ts';
import { waitUntil } from '../../../support/wait-until.ts';

let server: Server;
let connections: Connections;
let accepted: Socket[];
let clients: Socket[];

beforeEach(async () => {
  connections = new Connections(3);
  accepted = [];
  clients = [];
  server = createServer((socket) => {
    accepted.push(socket.on('error', () => {}));
    connections.accept(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  for (const socket of [...clients, ...accepted]) socket.destroy();
  server.close();
});

/** One more client; the server's end of its connection. */
async function enter(): Promise<Socket> {
  const number = accepted.length;
  clients.push(connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {}));
  await waitUntil(() => accepted.length > number, 'the connection');
  return accepted[number] as Socket;
}

test('accept() ends the connection that has been quiet longest when there are too many', async () => {
  const [first, second, third] = [await enter(), await enter(), await enter()];
  connections.heard(first, false);
  const fourth = await enter();
  expect([first, second, third, fourth].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
  expect(connections.dropped).toBe(1);
});

test('accept() ends none that showed the token, but the new one', async () => {
  const old = [await enter(), await enter(), await enter()];
  for (const socket of old) connections.heard(socket, true);
  const late = await enter();
  expect([...old, late].map(({ destroyed }) => destroyed)).toEqual([false, false, false, true]);
  expect(connections.dropped).toBe(1);
});

test('accept() has room again when a connection has ended', async () => {
  const [first] = [await enter(), await enter(), await enter()];
  clients[0]?.destroy();
  await once(first as Socket, 'close');
  const late = await enter();
  expect(late.destroyed).toBe(false);
  expect(connections.dropped).toBe(0);
});
