import type { Bench } from '../../host/conformance/bench.ts';
import { PROBE_HOOK } from '../../host/conformance/probe-catalog.ts';
import type { Json } from '../../host/conformance/types.ts';
import type { WireClient } from '../../host/conformance/wire-client.ts';

/** Something no host of today does, done to one process that has shaken hands unless `isFirst`. Afterwards it must answer "ping", or have ended. */
export interface Fault {
  readonly what: string;
  /** Nothing was said before. */
  readonly isFirst?: true;
  /** The process must end within two seconds, by no signal. */
  readonly ends?: true;
  act(client: WireClient, bench: Bench): unknown;
}

const TOO_LONG = 11 * 1024 * 1024;
const bytes = (client: WireClient, what: string, content: string | Buffer): void => client.sendBytes(Buffer.from(content), what);
const request = (method: string, params: unknown, id: unknown): Json => ({ jsonrpc: '2.0', id, method, params });
const wait = (bench: Bench, client: WireClient): ReturnType<Bench['call']> => bench.call(client, PROBE_HOOK, { do: 'wait', ms: 60_000 });
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** A host that is older, and knows less. */
const OLD: readonly Fault[] = [
  {
    what: '"initialize" with the protocol number alone',
    isFirst: true,
    act: (client) => client.request('initialize', { protocol: 1 }),
  },
  { what: '"initialize" with {}', isFirst: true, act: (client) => client.request('initialize', {}) },
  { what: '"initialize" without parameters', isFirst: true, act: (client) => client.request('initialize', undefined) },
  { what: '"ping" before "initialize"', isFirst: true, act: (client) => client.request('ping', {}) },
  {
    what: 'a protocol that is not spoken',
    isFirst: true,
    act: (client, bench) => client.request('initialize', { ...bench.initializeParams(), protocol: 99, protocols: [98, 99] }),
  },
  {
    what: 'a call without deadline, attempt and context',
    act: (client) => client.request('hook/invoke', { event: 'e1', hook: PROBE_HOOK, payload: { do: 'nothing' } }),
  },
  { what: 'a call with nothing but its hook point', act: (client) => client.request('hook/invoke', { hook: PROBE_HOOK }) },
  { what: 'messages without "jsonrpc"', act: (client) => client.send({ id: client.nextId(), method: 'ping' }, { method: 'whatever' }) },
];

/** A host that is newer, and says more. */
const NEW: readonly Fault[] = [
  {
    what: 'fields of tomorrow everywhere',
    act: (client, bench) =>
      client.request('hook/invoke', bench.callParams(PROBE_HOOK, { do: 'nothing' }, { tomorrow: { deep: [1] }, state: { kept: true } })),
  },
  { what: 'a request of tomorrow', act: (client) => client.request('plugin/dream', { of: 'sheep' }) },
];

/** A host that is broken. */
const HOSTILE: readonly Fault[] = [
  { what: '"initialize" twice', act: (client, bench) => client.request('initialize', bench.initializeParams()) },
  ...[null, 1.5, true, {}, [1], -1, '', 1e300].map((id) => ({
    what: `a request with the id ${JSON.stringify(id)}`,
    act: (client: WireClient) => client.send(request('ping', {}, id), request('hook/invoke', {}, id)),
  })),
  ...[null, 'text', 7, [], [1, 2], true].map((params) => ({
    what: `parameters that are ${JSON.stringify(params)}`,
    act: (client: WireClient) => {
      for (const method of ['hook/invoke', 'ping', 'initialize']) client.send(request(method, params, client.nextId()));
      for (const method of ['hook/notify', '$/cancelRequest', 'config/changed', 'net/denied']) client.notify(method, params);
    },
  })),
  {
    what: 'fields of the wrong type',
    act: (client) => {
      const params = { event: 1, hook: PROBE_HOOK, context: 'x', payload: { do: 'nothing' }, deadlineMs: 'soon', attempt: {} };
      client.send(request('hook/invoke', params, client.nextId()), request('hook/invoke', { hook: { a: 1 } }, client.nextId()));
      client.notify('hook/notify', { ...params, outcome: 'gone' });
      client.notify('config/changed', { config: ['no'] });
    },
  },
  { what: 'methods that are no text', act: (client) => client.send(request(7 as never, {}, 900), request(null as never, {}, 901)) },
  {
    what: 'names of the language itself',
    act: (client) => {
      for (const name of ['__proto__', 'constructor', 'toString', '__class__', '__init__']) {
        client.send(request(name, {}, client.nextId()), request('hook/invoke', { hook: name, payload: {} }, client.nextId()));
      }
      client.send(`{"jsonrpc":"2.0","method":"config/changed","params":{"config":{"__proto__":{"polluted":true}}}}`);
    },
  },
  {
    what: 'the same id for two calls in flight',
    act: (client, bench) => {
      const { id, message } = wait(bench, client);
      client.send(message, message);
      client.notify('$/cancelRequest', { id });
      client.notify('$/cancelRequest', { id });
    },
  },
  {
    what: 'cancellations of nothing',
    act: (client) => {
      for (const id of [null, 0, -1, 'x', {}, 1e9]) client.notify('$/cancelRequest', { id });
      client.notify('$/cancelRequest', {});
    },
  },
  {
    what: 'a deadline that is over',
    act: (client, bench) =>
      client.send(request('hook/invoke', bench.callParams(PROBE_HOOK, { do: 'nothing' }, { deadlineMs: 0 }), client.nextId())),
  },
  {
    what: 'answers to nothing, good and bad',
    act: (client) => {
      for (const id of [null, 1, 'x', {}, 2.5]) client.send({ jsonrpc: '2.0', id, result: {} }, { jsonrpc: '2.0', id, error: 'bad' });
      client.send({ jsonrpc: '2.0', id: 5 }, { jsonrpc: '2.0', result: {} }, { jsonrpc: '2.0', id: 6, result: 1, error: { code: 1 } });
    },
  },
  ...[{}, { result: 'text' }, { result: null }, { error: 'text' }, { error: {} }, { error: { code: 'x', message: 7 } }].map((answer) => ({
    what: `a service that answers ${JSON.stringify(answer)}`,
    act: (client: WireClient, bench: Bench) => {
      client.onRequest = () => answer;
      client.send(bench.call(client, PROBE_HOOK, { do: 'storage', value: 1 }).message);
    },
  })),
  {
    what: 'a service that answers twice',
    act: async (client, bench) => {
      client.onRequest = ({ id }) => {
        client.send({ jsonrpc: '2.0', id, result: {} });
        return { result: { value: 1 } };
      };
      await bench.invoke(client, PROBE_HOOK, { do: 'storage', value: 1 });
    },
  },
  { what: 'two thousand notifications at once', act: (client) => client.send(...Array.from({ length: 2000 }, flood)) },
];

/** Bytes that are no messages. */
const BYTES: readonly Fault[] = [
  { what: 'empty lines, spaces and carriage returns', act: (client) => bytes(client, 'blank lines', '\n\n   \n\r\n\t\n') },
  {
    what: 'a line that ends in \\r\\n',
    act: (client) => bytes(client, 'ping with \\r\\n', `${JSON.stringify(request('ping', {}, 800))}\r\n`),
  },
  { what: 'a byte order mark', act: (client) => bytes(client, 'ping with a BOM', `\ufeff${JSON.stringify(request('ping', {}, 801))}\n`) },
  { what: 'NUL bytes', act: (client) => bytes(client, 'NUL bytes', '\0\0\0\n') },
  { what: 'bytes that are no UTF-8', act: (client) => bytes(client, 'no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x22, 0x0a])) },
  {
    what: 'bytes that are no UTF-8, inside a request',
    act: (client) =>
      bytes(
        client,
        'ping with \\xff',
        Buffer.concat([
          Buffer.from('{"jsonrpc":"2.0","id":802,"method":"ping","params":{"a":"'),
          Buffer.from([0xff]),
          Buffer.from('"}}\n'),
        ]),
      ),
  },
  { what: 'half an object', act: (client) => bytes(client, 'half an object', '{"jsonrpc":"2.0","id":803,"method":"pi\n') },
  {
    what: 'JSON that is not strict',
    act: (client) => bytes(client, 'NaN, Infinity', '{"jsonrpc":"2.0","id":804,"method":"ping","params":{"a":NaN,"b":Infinity}}\n'),
  },
  { what: 'one hundred thousand levels', act: (client) => bytes(client, '100 000 levels', `${nested(100_000)}\n`) },
  {
    what: 'a request of ten thousand levels',
    act: (client) => bytes(client, 'ping, 10 000 levels', `{"jsonrpc":"2.0","id":805,"method":"ping","params":{"a":${nested(10_000)}}}\n`),
  },
  {
    what: 'a number of ten thousand digits',
    act: (client) => bytes(client, 'a long number', `{"jsonrpc":"2.0","id":${'9'.repeat(10_000)},"method":"ping"}\n`),
  },
  { what: 'a line longer than any message may be', act: (client) => bytes(client, 'a line of 11 MiB', `"${'x'.repeat(TOO_LONG)}"\n`) },
  ...['-1', 'NaN', '1e3', '', '99999999999999999999', '0'].map((length) => ({
    what: `Content-Length: ${length === '' ? '(nothing)' : length}`,
    act: (client: WireClient) => bytes(client, `Content-Length: ${length}`, `Content-Length: ${length}\r\n\r\n`),
  })),
  { what: 'headers without end', act: (client) => bytes(client, 'many headers', `${'Content-Type: x\r\n'.repeat(2000)}\r\n`) },
];

/** The ways a host goes. */
const GONE: readonly Fault[] = [
  {
    what: 'the end of stdin inside a message',
    ends: true,
    act: (client) => {
      bytes(client, 'half', '{"jsonrpc"');
      client.endInput();
    },
  },
  { what: 'the end of stdin at once', isFirst: true, ends: true, act: (client) => client.endInput() },
  {
    what: 'the end of stdin while a service is asked',
    ends: true,
    act: async (client, bench) => {
      client.onRequest = () => undefined;
      client.send(bench.call(client, PROBE_HOOK, { do: 'storage', value: 1 }).message);
      await client.until(() => client.sent('storage/set').length > 0, 'no request', 2000);
      client.endInput();
    },
  },
  { what: '"exit" without "shutdown"', ends: true, act: (client) => client.notify('exit', {}) },
  {
    what: '"exit" with a call open',
    ends: true,
    act: (client, bench) => client.send(wait(bench, client).message, { jsonrpc: '2.0', method: 'exit', params: {} }),
  },
  {
    what: '"shutdown" twice, then a call',
    ends: true,
    act: async (client, bench) => {
      await client.request('shutdown', {});
      await client.request('shutdown', {});
      await bench.invoke(client, PROBE_HOOK, { do: 'nothing' });
      client.notify('exit', {});
    },
  },
  {
    what: 'an end of reading: stdout is closed, then stdin',
    ends: true,
    act: (client, bench) => {
      client.stopReading();
      client.send(...Array.from({ length: 20 }, () => bench.call(client, PROBE_HOOK, { do: 'log' }).message));
      client.endInput();
    },
  },
];

function flood(_: unknown, index: number): Json {
  return { jsonrpc: '2.0', method: index % 2 === 0 ? 'conformance/flood' : '$/cancelRequest', params: { id: 1_000_000 + index } };
}

export const FAULTS: readonly Fault[] = [...OLD, ...NEW, ...HOSTILE, ...BYTES, ...GONE];
