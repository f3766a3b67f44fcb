import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { bodyBytes, type FetchCaller, pluginFetch } from '../../../host/daemon/plugin-fetch.ts';
import { SecretGuard } from '../../../host/daemon/redact-secrets.ts';
import { Secrets } from '../../../host/daemon/secrets.ts';
import { MAX_DENIALS_PER_SECOND } from '../../../host/sandbox/network/denials.ts';
import { waitUntil } from '../../support/wait-until.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server on loopback that tells what authorization it was sent. */
async function serve(): Promise<{ port: number; seen: (string | undefined)[] }> {
  const seen: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    seen.push(headers.authorization);
    response.end('hello');
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { port: (server.address() as AddressInfo).port, seen };
}

const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function fetchAs(caller: Partial<FetchCaller>, params: Parameters<typeof pluginFetch>[0]) {
  const secrets = new Secrets({ source: () => 'hush-hush', guard: new SecretGuard(), log });
  const whole = { plugin: 'p', granted: {}, cap: undefined, signal: new AbortController().signal, ...caller };
  return pluginFetch(params, whole, { secrets, log, maxMessageBytes: 1_000_000 });
}

const headers = { authorization: { secret: 'TOKEN', prefix: 'Bearer ' } };

test('pluginFetch() sends a secret that the plugin need not see to the host it is granted for', async () => {
  const { port, seen } = await serve();
  const place = `127.0.0.1:${port}`;

  const answer = await fetchAs(
    { granted: { net: [place], secrets: [{ name: 'TOKEN', hosts: [place] }] } },
    { url: `http://${place}/`, headers },
  );

  expect(answer).toMatchObject({ status: 200, body: 'hello' });
  expect(seen).toEqual(['Bearer hush-hush']);
});

test.each<[string, (place: string) => Partial<FetchCaller>]>([
  ['a host that is not granted', () => ({ granted: { net: ['api.example.com'], secrets: ['TOKEN'] } })],
  [
    'a host beyond what plugins may reach at most',
    (place) => ({ granted: { net: [place], secrets: ['TOKEN'] }, cap: ['api.example.com'] }),
  ],
  [
    'a host that the secret is not granted for',
    (place) => ({ granted: { net: [place], secrets: [{ name: 'TOKEN', hosts: ['a.test'] }] } }),
  ],
  ['a host, with a secret that is not granted', (place) => ({ granted: { net: [place] } })],
])('pluginFetch() refuses %s, and nothing is sent', async (_, callerFor) => {
  const { port, seen } = await serve();
  const place = `127.0.0.1:${port}`;

  await expect(fetchAs(callerFor(place), { url: `http://${place}/`, headers })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  expect(seen).toEqual([]);
});

test('pluginFetch() reaches a host that is granted and within what plugins may reach at most', async () => {
  const { port } = await serve();
  const place = `127.0.0.1:${port}`;

  expect(await fetchAs({ granted: { net: [place] }, cap: [place] }, { url: `http://${place}/` })).toMatchObject({ status: 200 });
});

test('pluginFetch() reports a flood of refusals of one plugin as a number, and those of others all the same', async () => {
  const told: { plugin?: unknown; reason?: unknown }[] = [];
  const deps = {
    secrets: new Secrets({ source: () => 'hush-hush', guard: new SecretGuard(), log }),
    log: { ...log, warn: (_message: string, fields?: { plugin?: unknown }) => void told.push(fields ?? {}) },
    maxMessageBytes: 1_000_000,
  };
  const ask = (plugin: string) =>
    pluginFetch({ url: 'https://a.test/' }, { plugin, granted: {}, cap: undefined, signal: new AbortController().signal }, deps).catch(
      () => {},
    );

  for (let count = 0; count < MAX_DENIALS_PER_SECOND + 5; count++) await ask('noisy');
  await ask('quiet');
  await waitUntil(() => told.some(({ reason }) => /^\d+ more connections were refused/.test(String(reason))), 'the number was told');

  const singly = told.filter(({ plugin, reason }) => plugin === 'noisy' && !/more connections/.test(String(reason)));
  expect(singly.length).toBeLessThan(MAX_DENIALS_PER_SECOND + 5);
  expect(told.filter(({ plugin }) => plugin === 'quiet')).toHaveLength(1);
});

test('bodyBytes() leaves a body room to be base64 in a message', () => {
  expect(Math.ceil(bodyBytes(10_485_760) / 3) * 4).toBeLessThan(10_485_760 - 60_000);
  expect(bodyBytes(1024)).toBe(0);
});
