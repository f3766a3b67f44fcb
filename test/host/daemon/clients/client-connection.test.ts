import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { ClientConnection } from '../../../../host/daemon/clients/client-connection.ts';
import { type AnyHost, MAX_REQUESTS } from '../../../../host/daemon/clients/types.ts';
import { defineCatalog } from '../../../../host/daemon/define-catalog.ts';
import { createHost } from '../../../../host/daemon/host.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const shop = defineCatalog({
  name: 'shop',
  hooks: {
    order: {
      description: 'Fires before an order is stored.',
      payload: { type: 'object', properties: { item: { type: 'string' }, quantity: { type: 'integer' } } },
      allows: ['modify', 'block', 'replace'],
      writable: ['/quantity'],
      replaceSchema: {},
    },
  },
});

interface Said {
  readonly id?: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data: unknown };
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

class Client {
  readonly input: PassThrough = new PassThrough();
  readonly output: PassThrough = new PassThrough();
  readonly said: Said[] = [];
  readonly connection: ClientConnection;
  text = '';

  constructor(host: AnyHost, more: { maxMessageBytes?: number } = {}) {
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    this.output.on('data', (chunk) => {
      this.text += chunk;
      const lines = this.text.split('\n');
      if (this.text.startsWith('{')) this.said.splice(0, this.said.length, ...lines.slice(0, -1).map((line) => JSON.parse(line)));
    });
    this.connection = new ClientConnection({ input: this.input, output: this.output, log, hostFor: () => host, ...more });
    closing.push(async () => {
      this.input.end();
      await this.connection.closed;
    });
  }

  send(message: object): void {
    this.input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  async ask(method: string, params: object, id: string | number = 7): Promise<Said> {
    const before = this.said.length;
    this.send({ id, method, params });
    await waitUntil(() => this.said.slice(before).some((said) => said.id === id), `the answer to ${method}`);
    return this.said.slice(before).find((said) => said.id === id) as Said;
  }
}

async function shopHost(): Promise<AnyHost> {
  const host = await createHost({ catalogs: [shop], config: false });
  closing.unshift(() => host.close());
  return host as unknown as AnyHost;
}

async function greeted(host: AnyHost): Promise<Client> {
  const client = new Client(host);
  await client.ask('hello', { protocol: 1 });
  return client;
}

test('hello says which hook points somebody listens to, and the requests sent behind it wait for it', async () => {
  const host = await shopHost();
  host.on('shop.order', () => undefined);
  const client = new Client(host);

  client.send({ id: 1, method: 'hello', params: { protocol: 1 } });
  client.send({ id: 2, method: 'emit', params: { hook: 'shop.order', payload: { item: 'a' } } });
  await waitUntil(() => client.said.length === 2, 'both answers');

  expect(client.said[0]).toMatchObject({ id: 1, result: { protocol: 1, heard: ['shop.order'], problems: [] } });
  expect(client.said[1]).toMatchObject({ id: 2, result: { status: 'continued' } });
});

test('emit sends the payload back only when somebody changed it', async () => {
  const host = await shopHost();
  host.on('shop.order', (order) =>
    ((order as { quantity?: number }).quantity ?? 0) > 10 ? { action: 'modify', changes: { quantity: 10 } } : undefined,
  );
  const client = await greeted(host);

  const same = await client.ask('emit', { hook: 'shop.order', payload: { item: 'a', quantity: 2 } });
  const less = await client.ask('emit', { hook: 'shop.order', payload: { item: 'a', quantity: 20 }, trace: true }, 8);

  expect(same.result).toEqual({ event: expect.any(String), status: 'continued' });
  expect(less.result).toMatchObject({ status: 'continued', payload: { item: 'a', quantity: 10 }, trace: { hook: 'shop.order' } });
});

test('emit tells who blocked and why, and what a handler answered instead', async () => {
  const host = await shopHost();
  host.on('shop.order', (order) =>
    (order as { item?: string }).item === 'bad'
      ? { action: 'block', violation: { reason: 'no', code: 'NO' } }
      : { action: 'replace', value: { stored: 1 } },
  );
  const client = await greeted(host);

  const blocked = await client.ask('emit', { hook: 'shop.order', payload: { item: 'bad' } });
  const replaced = await client.ask('emit', { hook: 'shop.order', payload: { item: 'good' } }, 8);

  expect(blocked.result).toMatchObject({ status: 'blocked', by: 'handler', cause: 'verdict', violation: { reason: 'no', code: 'NO' } });
  expect(replaced.result).toMatchObject({ status: 'replaced', by: 'handler', value: { stored: 1 } });
});

test('a session is the client’s own, and is gone with it', async () => {
  const host = await shopHost();
  const [one, other] = [await greeted(host), await greeted(host)];

  const opened = await one.ask('session/open', { id: 'mine' });
  expect(opened.result).toEqual({ id: 'mine', heard: [] });
  expect((await one.ask('session/open', { id: 'mine' })).error?.message).toContain('it is open');
  const payload = { item: 'a' };
  expect((await one.ask('emit', { hook: 'shop.order', payload, session: 'mine' })).result).toMatchObject({ status: 'continued' });
  expect((await other.ask('emit', { hook: 'shop.order', payload, session: 'mine' })).error?.data).toEqual({ code: 'SCOPE_CLOSED' });
  expect((await one.ask('session/close', { session: 'mine' })).result).toEqual({});
  expect((await one.ask('emit', { hook: 'shop.order', payload, session: 'mine' })).error?.data).toEqual({ code: 'SCOPE_CLOSED' });
});

test('operations keep what a handler left, until they are ended', async () => {
  const host = await shopHost();
  const seen: unknown[] = [];
  host.on('shop.order', (_payload, { state }) => {
    seen.push(state);
    return { state: { times: ((state as { times: number } | undefined)?.times ?? 0) + 1 } };
  });
  const client = await greeted(host);
  const emit = () => client.ask('emit', { hook: 'shop.order', payload: {}, operation: 'o1' });

  await emit();
  await emit();
  await client.ask('operation/end', { operation: 'o1' });
  await emit();

  expect(seen).toEqual([undefined, { times: 1 }, undefined]);
});

test('$/cancelRequest cancels an event, and the end of a client cancels the rest', async () => {
  const host = await shopHost();
  let running = 0;
  host.on(
    'shop.order',
    (_payload, { signal }) => {
      running += 1;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          running -= 1;
          resolve(undefined);
        });
      });
    },
    { timeoutMs: 60_000 },
  );
  const client = await greeted(host);

  for (const id of [21, 22]) client.send({ id, method: 'emit', params: { hook: 'shop.order', payload: {} } });
  await waitUntil(() => running === 2, 'both events run');
  client.send({ method: '$/cancelRequest', params: { id: 21 } });
  await waitUntil(() => client.said.some(({ id }) => id === 21), 'the cancelled one is answered');
  expect(client.said.find(({ id }) => id === 21)?.error).toMatchObject({ code: -32800, data: { code: 'EVENT_CANCELLED' } });
  client.input.destroy();
  await client.connection.closed;

  await waitUntil(() => running === 0, 'the other one is cancelled');
});

test('a client on two pipes that asks nothing more gets its answers, and then the connection ends', async () => {
  const host = await shopHost();
  const going: (() => void)[] = [];
  host.on('shop.order', () => new Promise((resolve) => going.push(() => resolve(undefined))), { timeoutMs: 60_000 });
  const client = await greeted(host);
  for (const id of [21, 22]) client.send({ id, method: 'emit', params: { hook: 'shop.order', payload: {} } });
  await waitUntil(() => going.length === 2, 'both events run');
  client.input.end();
  await waitUntil(() => client.input.closed, 'the input to be over');
  for (const go of going) go();
  await client.connection.closed;
  expect(client.said.slice(1)).toMatchObject([21, 22].map((id) => ({ id, result: { status: 'continued' } })));
  expect(client.output.writableEnded).toBe(true);
});

test.each([
  ['a request before hello', { id: 1, method: 'emit', params: {} }, 'REQUEST_INVALID', '"hello"'],
  ['a hello without a protocol', { id: 1, method: 'hello', params: {} }, 'PARAMS_INVALID', 'protocol'],
  ['an id that is none', { id: {}, method: 'hello', params: {} }, 'REQUEST_INVALID', 'id'],
  ['a message without a method', { id: 1 }, 'REQUEST_INVALID', 'method'],
])('%s is refused with a reason', async (_name, message, code, reason) => {
  const client = new Client(await shopHost());

  client.send(message);
  await waitUntil(() => client.said.length === 1, 'the refusal');

  expect(client.said[0]?.error).toMatchObject({ data: { code }, message: expect.stringContaining(reason) });
});

test('what cannot be read is refused, and the next message is answered', async () => {
  const client = await greeted(await shopHost());

  for (const text of ['nonsense\n', '{"half":\n', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n']) client.input.write(text);
  const { result } = await client.ask('ping', {});

  expect(result).toEqual({});
  expect(client.said.filter(({ error }) => error !== undefined)).toHaveLength(3);
  expect((await client.ask('nope', {})).error?.code).toBe(-32601);
  expect((await client.ask('emit', { hook: 'shop.order' })).error?.message).toContain('payload');
  expect((await client.ask('emit', { hook: 'shop.nothing', payload: {} })).error?.data).toEqual({ code: 'HOOK_UNKNOWN' });
  expect((await client.ask('hello', { protocol: 1 })).error?.message).toContain('said before');
});

test('a message above the bound ends the connection with a reason', async () => {
  const client = new Client(await shopHost(), { maxMessageBytes: 1000 });

  client.send({ id: 1, method: 'hello', params: { protocol: 1, name: 'x'.repeat(2000) } });
  await client.connection.closed;

  expect(client.said[0]?.error).toMatchObject({ data: { code: 'MESSAGE_TOO_LARGE' } });
});

test('a client is answered in the framing it speaks', async () => {
  const client = new Client(await shopHost());
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hello', params: { protocol: 1 } });

  client.input.write(`Content-Length: ${text.length}\r\n\r\n${text}`);
  await waitUntil(() => client.text.endsWith('}'), 'the answer');

  expect(client.text).toMatch(/^Content-Length: \d+\r\n\r\n\{"jsonrpc":"2\.0","id":1/);
});

test('more requests at once than the bound are refused, and none is lost', async () => {
  const host = await shopHost();
  host.on('shop.order', () => undefined);
  const client = await greeted(host);

  for (let id = 100; id < 100 + MAX_REQUESTS + 5; id++) client.send({ id, method: 'emit', params: { hook: 'shop.order', payload: {} } });
  await waitUntil(() => client.said.length === 1 + MAX_REQUESTS + 5, 'every answer');

  expect(client.said.filter(({ error }) => error !== undefined).every(({ error }) => error?.code === -32003)).toBe(true);
});

test('a client that does not read its answers is not read either', async () => {
  const host = await shopHost();
  host.on('shop.order', () => ({ action: 'replace', value: 'x'.repeat(100_000) }));
  const input = new PassThrough();
  const output = new PassThrough({ highWaterMark: 1024 });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const connection = new ClientConnection({ input, output, log, hostFor: () => host });
  input.write('{"jsonrpc":"2.0","id":0,"method":"hello","params":{"protocol":1}}\n');

  let id = 0;
  await waitUntil(() => {
    input.write(`{"jsonrpc":"2.0","id":${++id},"method":"emit","params":{"hook":"shop.order","payload":{}}}\n`);
    return input.isPaused();
  }, 'it stops reading');
  output.resume();
  await waitUntil(() => !input.isPaused(), 'it reads again');
  input.end();
  await connection.closed;

  expect(id).toBeLessThan(MAX_REQUESTS);
});
