import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { Connection, type ConnectionOptions, type OutgoingCall } from '../../../host/process/connection.ts';
import { Timers } from '../../../host/process/timers.ts';
import type { Reply } from '../../../host/process/types.ts';
import { HostError } from '../../../host/protocol/errors.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Wire {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { code: number; message: string; data?: unknown };
}

const asked = { method: 'hook/invoke', event: 'e1', state: undefined, attempt: 1, timeoutMs: 5000 } as const;
const stopped = { code: 'PLUGIN_STOPPED', message: 'The test is over' } as const;
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A connection and, as its plugin, what the test writes and reads by hand. */
class Peer {
  readonly stdin: PassThrough = new PassThrough();
  readonly stdout: PassThrough = new PassThrough();
  readonly timers: Timers = new Timers();
  readonly faults: string[] = [];
  readonly hung: { event?: string; method: string }[] = [];
  readonly logs: string[] = [];
  readonly replies: Reply[] = [];
  readonly served: { method: string; params: unknown; signal: AbortSignal }[] = [];
  serve: (method: string, params: unknown) => Promise<unknown> = () => Promise.resolve({});
  received = '';
  drains = 0;
  readonly connection: Connection;

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.connection = new Connection(this, {
      plugin: 'redact',
      framing: 'lines',
      maxMessageBytes: 100_000,
      logsPerSecond: 100,
      pollutionLines: 5,
      timers: this.timers,
      onLog: (record) => this.logs.push(record.message),
      serve: (method, params, signal) => {
        this.served.push({ method, params, signal });
        return this.serve(method, params);
      },
      onFault: (failure) => this.faults.push(failure.code),
      onHung: (call) => this.hung.push(call),
      onDrain: () => {
        this.drains++;
      },
      ...options,
    });
    this.stdin.on('data', (chunk) => {
      this.received += chunk;
    });
    cleanUps.push(() => {
      this.connection.close(stopped);
      this.timers.close();
    });
  }

  get messages(): Wire[] {
    return this.received.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  }

  invoke(call: Partial<OutgoingCall> = {}): number {
    const shared = '"event":"e1","hook":"conda.pre_command","context":{},"payload":{}';
    const deadline = Number.POSITIVE_INFINITY;
    const settle = (reply: Reply): void => void this.replies.push(reply);
    return this.connection.invoke({ ...asked, shared, deadline, settle, ...call });
  }

  /** Waits until the host has taken in everything said before. */
  async say(...messages: (object | string)[]): Promise<void> {
    const text = messages.map((message) => (typeof message === 'string' ? message : `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`));
    const before = this.connection.stats.bytesIn;
    const bytes = Buffer.byteLength(text.join(''));
    this.stdout.write(text.join(''));
    await waitUntil(() => this.connection.stats.bytesIn >= before + bytes || this.faults.length > 0, 'the host to read');
  }

  async gets(count: number): Promise<void> {
    await waitUntil(() => this.messages.length >= count, `message ${count} from the host`);
  }

  get codes(): (string | true)[] {
    return this.replies.map((reply) => reply.ok || reply.failure.code);
  }
}

test('invoke() writes the call around the shared text and settles with the result', async () => {
  const peer = new Peer();
  const id = peer.invoke({ state: '{"n":1}', timeoutMs: 1234.4 });
  await peer.gets(1);
  await peer.say({ id, result: { action: 'continue' } });

  const params = { deadlineMs: 1234, attempt: 1, state: { n: 1 }, event: 'e1', hook: 'conda.pre_command', context: {}, payload: {} };
  expect(peer.messages).toEqual([{ jsonrpc: '2.0', id, method: 'hook/invoke', params }]);
  const text = JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'continue' } });
  expect(peer.replies).toEqual([{ ok: true, result: { action: 'continue' }, bytes: 55, text }]);
  expect(peer.connection.inFlight).toBe(0);
});

test('invoke() tells the remaining time: the nearer of timeout and deadline, an hour when there is none', async () => {
  const peer = new Peer();
  peer.invoke({ deadline: peer.timers.now() + 300 });
  peer.invoke({ timeoutMs: Number.POSITIVE_INFINITY });
  await peer.gets(2);

  expect(peer.messages[0]?.params?.['deadlineMs']).toBeLessThanOrEqual(300);
  expect(peer.messages[1]?.params?.['deadlineMs']).toBe(3_600_000);
});

test('both framings are understood, one of them is written', async () => {
  const peer = new Peer({ framing: 'content-length' });
  const [first, second] = [peer.invoke(), peer.invoke()];
  const body = `{"jsonrpc":"2.0","id":${first},"result":null}`;
  await waitUntil(() => peer.received.length > 0, 'the calls');
  await peer.say(`Content-Length: ${body.length}\n\n${body}`, { id: second, result: null });

  expect(peer.codes).toEqual([true, true]);
  expect(peer.received).toMatch(/^Content-Length: \d+\r\n\r\n\{"jsonrpc":"2.0","id":1,.*\}Content-Length: \d+\r\n\r\n\{.*\}$/);
});

test('an id may come back as a number in a string, 0 included', async () => {
  const peer = new Peer();
  const id = peer.invoke();
  await peer.say({ id: '0', result: null }, { id: ` ${id}`, result: null }, { id: `${id}`, result: null });

  expect(peer.codes).toEqual([true]);
  expect(peer.connection.stats.unknownReplies).toBe(2);
});

test('an error answer fails the call with the plugin’s message, made printable', async () => {
  const peer = new Peer();
  const ids = [peer.invoke(), peer.invoke(), peer.invoke()];
  await peer.say(
    { id: ids[0], error: { code: 7, message: 'no \u001b[31mred\u001b[0m\u0007', data: { why: 1 } } },
    { id: ids[1], error: 'plain' },
    { id: ids[2], error: null, result: {} },
  );

  const message = (text: string) => `Plugin "redact" answered event "e1" with an error: ${text}`;
  expect(peer.replies).toEqual([
    { ok: false, failure: { code: 'PLUGIN_ERROR', message: message('no red') }, data: { why: 1 }, wireCode: 7 },
    { ok: false, failure: { code: 'PLUGIN_ERROR', message: message('plain') } },
    expect.objectContaining({ ok: true }),
  ]);
});

test('second answers and answers to unknown ids are counted and dropped', async () => {
  const peer = new Peer();
  const id = peer.invoke();
  await peer.say({ id, result: 1 }, { id, result: 2 }, { id: 999, result: 3 }, { id: null, error: {} }, { id: '__proto__', result: 4 });

  expect(peer.replies).toMatchObject([{ ok: true, result: 1 }]);
  expect(peer.connection.stats.unknownReplies).toBe(4);
});

test('a call that times out is settled, cancelled, and its late answer dropped', async () => {
  const peer = new Peer();
  const id = peer.invoke({ timeoutMs: 20 });
  await peer.gets(2);
  expect(peer.connection.inFlight).toBe(1);
  await peer.say({ id, result: {} });

  expect(peer.replies).toMatchObject([{ ok: false, failure: { code: 'PLUGIN_TIMEOUT' } }]);
  expect(peer.messages[1]).toEqual({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
  expect(peer.connection.stats.lateReplies).toBe(1);
  expect(peer.connection.inFlight).toBe(0);
});

test.each([
  ['a wrong id', '{"jsonrpc":"2.0","id":999,"result":{}}\n', '"id":999,"result":{}}" on its stdout: no request with this id is open'],
  ['several lines', '{\n  "jsonrpc": "2.0",\n  "id": 1\n}\n', 'it wrote "{" on its stdout: it is not JSON'],
  ['a text', 'Traceback\n', 'it wrote "Traceback" on its stdout: it is no message'],
  ['no line end', '{"jsonrpc":"2.0","id":1,"result":{}}', 'the line "{"jsonrpc":"2.0","id":1,"result":{}}" on its stdout has no end yet'],
  ['a length in characters', 'Content-Length: 50\r\n\r\n{}', 'its Content-Length was 50 bytes, 2 of them came'],
  ['nothing', '', 'nothing came on its stdout'],
])('a timeout says that the plugin wrote %s instead of an answer', async (_what, text, why) => {
  const peer = new Peer();
  peer.invoke({ timeoutMs: 20 });
  peer.stdout.write(text);
  await waitUntil(() => peer.replies.length > 0, 'the timeout');

  expect(peer.replies).toMatchObject([{ failure: { code: 'PLUGIN_TIMEOUT', message: expect.stringContaining(`within 20 ms; `) } }]);
  expect(peer.replies).toMatchObject([{ failure: { message: expect.stringContaining(why) } }]);
});

test('onOddity() tells of a log record that does not fit', async () => {
  const told: string[] = [];
  const peer = new Peer({ onOddity: (kind, text) => told.push(`${kind}: ${text}`) });
  const record = { method: 'log', params: { level: 'warning', message: 'hi' } };
  await peer.say(record, record);

  expect(told).toEqual([expect.stringMatching(/^notification skipped: .*"debug", "info", "warn" or "error"/)]);
  expect(peer.connection.stats.invalidMessages).toBe(2);
});

test('onHung() is called once when cancelled and timed-out calls outlive the grace', async () => {
  const peer = new Peer({ graceMs: 30 });
  const id = peer.invoke();
  peer.invoke({ event: 'e2', timeoutMs: 0.5 });
  peer.connection.cancel(id, { code: 'EVENT_CANCELLED', message: 'Not needed any more' });
  expect(peer.codes).toEqual(['EVENT_CANCELLED']);
  await waitUntil(() => peer.connection.inFlight === 0, 'both graces to end');

  expect(peer.hung).toEqual([{ event: 'e1', method: 'hook/invoke' }]);
  expect(peer.codes).toEqual(['EVENT_CANCELLED', 'PLUGIN_TIMEOUT']);
});

test('cancel() of a settled or unknown call does nothing', async () => {
  const peer = new Peer();
  const id = peer.invoke();
  await peer.say({ id, result: {} });
  peer.connection.cancel(id, stopped);
  peer.connection.cancel(77, stopped);
  peer.invoke();
  await peer.gets(2);

  expect(peer.codes).toEqual([true]);
  expect(peer.messages.map((message) => message.method)).toEqual(['hook/invoke', 'hook/invoke']);
});

test('a call whose deadline is nearer than its timeout fails with EVENT_BUDGET_SPENT', async () => {
  const peer = new Peer();
  peer.invoke({ deadline: peer.timers.now() + 20 });
  await waitUntil(() => peer.replies.length > 0, 'the reply');

  expect(peer.codes).toEqual(['EVENT_BUDGET_SPENT']);
});

test('invoke() with no time left settles later and writes nothing', async () => {
  const peer = new Peer();
  peer.invoke({ deadline: peer.timers.now() - 1 });
  expect(peer.replies).toEqual([]);
  await waitUntil(() => peer.replies.length > 0, 'the reply');

  expect(peer.codes).toEqual(['EVENT_BUDGET_SPENT']);
  expect(peer.received).toBe('');
});

test('$/progress restarts the timeout, but not beyond the deadline', async () => {
  const peer = new Peer();
  const started = peer.timers.now();
  peer.invoke({ timeoutMs: 100, deadline: started + 300 });
  peer.invoke({ event: 'e2', timeoutMs: 100, deadline: started + 300 });
  let settledAt = 0;
  while (peer.replies.length < 2) {
    await peer.say({ method: '$/progress', params: { event: 'e1' } });
    if (peer.replies.length === 1) settledAt ||= peer.timers.now();
    await new Promise((resolve) => peer.timers.after(10, () => resolve(undefined)));
  }

  expect(peer.codes).toEqual(['PLUGIN_TIMEOUT', 'EVENT_BUDGET_SPENT']);
  expect(settledAt).toBeGreaterThanOrEqual(started + 100);
});

test('close() settles everything exactly once, and later calls with the same failure', async () => {
  const peer = new Peer();
  const ids = [peer.invoke(), peer.invoke({ timeoutMs: 0.1 }), peer.invoke()];
  const control = peer.connection.request('ping', {}, 1000);
  await waitUntil(() => peer.replies.length === 1, 'the timeout');
  peer.connection.close({ code: 'PLUGIN_EXITED', message: 'gone' });
  peer.connection.close(stopped);
  peer.stdout.write(ids.map((id) => `{"jsonrpc":"2.0","id":${id},"result":1}\n`).join(''));
  peer.invoke();
  await waitUntil(() => peer.replies.length === 4, 'the call after close()');

  expect(peer.codes).toEqual(['PLUGIN_TIMEOUT', 'PLUGIN_EXITED', 'PLUGIN_EXITED', 'PLUGIN_EXITED']);
  expect(await control).toMatchObject({ ok: false, failure: { code: 'PLUGIN_EXITED' } });
  expect(peer.connection).toMatchObject({ inFlight: 0, writable: false });
  expect(peer.connection.notify('exit', '{}')).toBe(false);
});

test('request() is answered, and times out like a call', async () => {
  const peer = new Peer({ graceMs: 10 });
  const pong = peer.connection.request('ping', {}, 1000);
  await peer.gets(1);
  await peer.say({ id: 1, result: null });
  expect(await pong).toMatchObject({ ok: true, result: null });

  expect(await peer.connection.request('shutdown', {}, 10)).toMatchObject({ ok: false, failure: { code: 'PLUGIN_TIMEOUT' } });
  await waitUntil(() => peer.hung.length > 0, 'onHung');
  expect(peer.hung).toEqual([{ method: 'shutdown' }]);
});

test('a message larger than the limit is not sent', async () => {
  const peer = new Peer();
  peer.invoke({ shared: `"payload":"${'ä'.repeat(60_000)}"` });
  await waitUntil(() => peer.replies.length > 0, 'the reply');

  expect(peer.codes).toEqual(['MESSAGE_TOO_LARGE']);
  expect(peer.received).toBe('');
});

test('stray text is counted, its beginning kept printable, and the limit is a fault', async () => {
  const peer = new Peer();
  const id = peer.invoke();
  await peer.say('\u001b[2Jhello\n', 'two\n', 'three\n', 'four ', { id, result: {} }, 'five\n');
  expect(peer.codes).toEqual([true]);
  expect(peer.faults).toEqual([]);
  await peer.say('six\nseven\neight\n');

  expect(peer.faults).toEqual(['PLUGIN_POLLUTED']);
  expect(peer.connection.stats.pollutionSample).toBe('\\x1b[2Jhello');
  expect(peer.connection.writable).toBe(false);
});

test.each([
  ['a line', `{"jsonrpc":"2.0","id":1,"result":"${'x'.repeat(100_001)}`, 'MESSAGE_TOO_LARGE'],
  ['a frame', 'Content-Length: 100000000000000\r\n\r\n{', 'MESSAGE_TOO_LARGE'],
  ['a text', 'x'.repeat(100_001), 'PLUGIN_POLLUTED'],
])('%s over the limit is a fault at the bound, once, and nothing is read afterwards', async (_what, text, code) => {
  const peer = new Peer();
  const id = peer.invoke();
  await peer.say(text);
  await waitUntil(() => peer.faults.length > 0, 'the fault');
  peer.stdout.write(`\n{"jsonrpc":"2.0","id":${id},"result":1}\n`);
  await waitUntil(() => peer.stdout.readableLength === 0, 'the rest to be drained');
  expect(peer.replies).toEqual([]);
  peer.connection.close({ code: 'MESSAGE_TOO_LARGE', message: 'killed' });

  expect(peer.faults).toEqual([code]);
  expect(peer.codes).toEqual(['MESSAGE_TOO_LARGE']);
});

test.each([
  ['bad JSON', '{"jsonrpc":"2.0","id":1,"result":{]}', 'it is not JSON: Expected property name'],
  ['its id at the end', `{"result":"${'x'.repeat(500)}",,"id":"1"}`, 'it is not JSON'],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"result":{}}]', 'batches are not supported'],
  ['no result', '{"jsonrpc":"2.0","id":1}', 'it has neither a method nor a result nor an error'],
  ['a method that is no string', '{"id":1,"method":7}', 'its method is no string'],
])('an answer with %s fails its call at once', async (_what, text, why) => {
  const peer = new Peer();
  peer.invoke();
  await peer.say(`${text}\n`);

  const message = expect.stringContaining(`Cannot read the answer of plugin "redact" to event "e1": ${why}`);
  expect(peer.replies).toEqual([{ ok: false, failure: { code: 'MESSAGE_INVALID', message } }]);
  expect(peer.connection.stats.invalidMessages).toBe(1);
});

test('an answer that is not UTF-8 fails its call; one with a replacement character does not', async () => {
  const peer = new Peer();
  const ids = [peer.invoke(), peer.invoke()];
  peer.stdout.write(Buffer.from(`{"jsonrpc":"2.0","id":${ids[0]},"result":"\xff\xfe"}\n`, 'latin1'));
  await peer.say({ id: ids[1], result: '\ufffd' });

  expect(peer.codes).toEqual(['MESSAGE_INVALID', true]);
});

test('messages that cannot be read and belong to no call are counted, and the plugin is told', async () => {
  const peer = new Peer();
  await peer.say('{"id":55,}\n', '[]\n', 'Content-Length: -1\r\n\r\n');
  await peer.gets(2);

  expect(peer.connection.stats.invalidMessages).toBe(3);
  expect(peer.messages).toMatchObject([
    { id: null, error: { code: -32700, data: { code: 'PARSE_ERROR' } } },
    { id: null, error: { code: -32600, data: { code: 'REQUEST_INVALID' } } },
  ]);
});

test('broken messages count towards the bound of stray text', async () => {
  const peer = new Peer();
  await peer.say(...Array(5).fill('{"id":1,}\n'));
  expect(peer.faults).toEqual([]);
  await peer.say('no message\n');
  expect(peer.faults).toEqual(['PLUGIN_POLLUTED']);
});

const MANY = `[${'{},'.repeat(500_000)}0]`;

test('an answer of so many values that they would fill the memory fails its call, unread', async () => {
  const peer = new Peer({ maxMessageBytes: 2_000_000 });
  const id = peer.invoke();
  await peer.say(`{"jsonrpc":"2.0","id":${id},"result":{"metadata":${MANY}}}\n`);
  await waitUntil(() => peer.replies.length > 0, 'the failure');

  expect(peer.replies).toMatchObject([
    { ok: false, failure: { code: 'MESSAGE_INVALID', message: expect.stringContaining('so many values') } },
  ]);
  expect(peer.connection.stats.invalidMessages).toBe(1);
});

test('a request of so many values is refused by its id, and the next one is served', async () => {
  const peer = new Peer({ maxMessageBytes: 2_000_000 });
  const call = peer.invoke();
  await peer.say(`{"jsonrpc":"2.0","id":${call},"method":"hook/emit","params":{"payload":${MANY}}}\n`, { id: 'next', method: 'hook/emit' });
  await peer.gets(3);

  expect(peer.messages.find(({ error }) => error !== undefined)).toMatchObject({
    id: call,
    error: { data: { code: 'MESSAGE_TOO_LARGE' } },
  });
  expect([peer.served.map(({ method }) => method), peer.replies]).toEqual([['hook/emit'], []]);
});

test('a large answer says what it takes of memory', async () => {
  const peer = new Peer({ maxMessageBytes: 2_000_000 });
  const id = peer.invoke();
  await peer.say({ id, result: { metadata: Array.from({ length: 50_000 }, () => ({})) } });
  await waitUntil(() => peer.replies.length > 0, 'the answer');

  expect(peer.replies).toMatchObject([{ ok: true, weight: expect.closeTo(4_550_000, -5) }]);
});

test('half a message does not swallow the whole one behind it on the same line', async () => {
  const peer = new Peer();
  const ids = [peer.invoke(), peer.invoke()];
  await peer.say(`{"jsonrpc":"2.0","id":${ids[0]},"result":{"acti{"jsonrpc":"2.0","id":${ids[1]},"result":{}}\n`);

  expect(peer.codes).toEqual(['MESSAGE_INVALID', true]);
});

test('half a message and then silence is only a timeout', async () => {
  const peer = new Peer();
  peer.invoke({ timeoutMs: 30 });
  await peer.say('{"jsonrpc":"2.0","id":1,"res');
  await waitUntil(() => peer.replies.length > 0, 'the timeout');
  peer.stdout.end();

  expect(peer.codes).toEqual(['PLUGIN_TIMEOUT']);
  expect(peer.faults).toEqual([]);
});

test('__proto__ and 20,000 levels in an answer do no harm', async () => {
  const peer = new Peer();
  const ids = [peer.invoke(), peer.invoke(), peer.invoke()];
  const deep = 20_000;
  await peer.say(
    `{"jsonrpc":"2.0","id":${ids[0]},"__proto__":{"polluted":1},"result":{"__proto__":{"polluted":1}}}\n`,
    `{"jsonrpc":"2.0","id":${ids[1]},"result":${'['.repeat(deep)}${']'.repeat(deep)}}\n`,
    `{"jsonrpc":"2.0","id":${ids[2]},"result":${'['.repeat(deep)}}\n`,
  );

  expect(peer.codes).toEqual([true, true, 'MESSAGE_INVALID']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('log records arrive printable; those that do not fit their schema are counted', async () => {
  const peer = new Peer();
  const log = (params: unknown) => ({ method: 'log', params });
  await peer.say(log({ level: 'info', message: 'a\u001b[1mb\u0000\tc\nd' }), log({ level: 'loud', message: 'x' }), log(undefined));

  expect(peer.logs).toEqual(['ab\tc\nd']);
  expect(peer.connection.stats.invalidMessages).toBe(2);
});

test('200,000 log records around an answer: it settles, what the limit drops is counted', async () => {
  const peer = new Peer();
  const id = peer.invoke();
  const record = '{"jsonrpc":"2.0","method":"log","params":{"level":"info","message":"flood"}}\n';
  const half = record.repeat(100_000);
  await peer.say(half, { id, result: {} });
  expect(peer.codes).toEqual([true]);
  await peer.say(half);

  expect(peer.logs.length).toBeGreaterThanOrEqual(100);
  expect(peer.logs.length + peer.connection.stats.logsDropped).toBe(200_000);
  expect(peer.connection.stats.logsDropped).toBeGreaterThan(100_000);
});

test('a flood leaves turns of the loop to others', async () => {
  const child = spawn(process.execPath, ['-e', 'const l = "x".repeat(99) + "\\n"; process.stdout.write(l.repeat(400_000))']);
  const peer = new Peer({ pollutionLines: 1e6 });
  child.stdout.pipe(peer.stdout);
  cleanUps.push(() => child.kill('SIGKILL'));
  let turns = 0;
  const turn = () => {
    turns++;
    if (peer.connection.stats.pollutionLines < 400_000) setImmediate(turn);
  };
  turn();
  await waitUntil(() => peer.connection.stats.pollutionLines === 400_000, 'the flood to pass');

  expect(turns).toBeGreaterThan((40e6 / (256 * 1024 + 65536)) * 0.9);
});

test('a plugin that does not read makes notify() refuse, not memory grow', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.pause(); setInterval(() => {}, 1000)']);
  const peer = new Peer();
  const connection = new Connection(child, { ...optionsOf(peer), onDrain: () => undefined });
  let written = 0;
  for (let i = 0; i < 100_000; i++) if (connection.notify('hook/notify', `{"event":"${'x'.repeat(200)}"}`)) written++;
  const waiting = child.stdin.writableLength;
  connection.close(stopped);
  child.kill('SIGKILL');
  await waitUntil(() => child.signalCode !== null, 'the child to end');

  expect(written).toBeLessThan(10_000);
  expect(waiting).toBeLessThan(1.1 * 1024 * 1024);
});

test('onDrain() follows when the plugin reads again', async () => {
  const peer = new Peer();
  peer.stdin.pause();
  while (peer.connection.notify('hook/notify', `{"event":"${'x'.repeat(10_000)}"}`));
  expect(peer.connection.writable).toBe(false);
  peer.stdin.resume();
  await waitUntil(() => peer.drains > 0, 'onDrain');

  expect(peer.connection.writable).toBe(true);
});

test('a plugin that dies is a fault at the next write, calls wait for close()', async () => {
  const child = spawn(process.execPath, ['-e', 'process.exit(3)']);
  const peer = new Peer();
  const connection = new Connection(child, optionsOf(peer));
  await waitUntil(() => child.exitCode !== null, 'the child to end');
  for (let i = 0; i < 3; i++) {
    const settle = (reply: Reply): void => void peer.replies.push(reply);
    connection.invoke({ ...asked, shared: '"payload":{}', timeoutMs: 9000, deadline: 1e9, settle });
  }
  await waitUntil(() => peer.faults.length > 0, 'the fault');
  connection.close({ code: 'PLUGIN_EXITED', message: 'exit code 3' });

  expect(peer.faults).toEqual(['PLUGIN_EXITED']);
  expect(peer.codes).toEqual(['PLUGIN_EXITED', 'PLUGIN_EXITED', 'PLUGIN_EXITED']);
});

test('a service that answers after its plugin died harms nobody', async () => {
  const child = spawn(process.execPath, ['-e', 'console.log(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "slow" }))']);
  const peer = new Peer();
  let finish: ((result: unknown) => void) | undefined;
  const serve = () => new Promise<unknown>((resolve) => (finish = resolve));
  const connection = new Connection(child, { ...optionsOf(peer), serve });
  await waitUntil(() => finish !== undefined && child.exitCode !== null, 'the request and the end of the child');
  finish?.({});
  await waitUntil(() => peer.faults.length > 0, 'the fault');
  connection.close(stopped);

  expect(peer.faults).toEqual(['PLUGIN_EXITED']);
});

test('a plugin in another language answers in its own framing', async () => {
  const script = `
import json, sys
for line in sys.stdin:
    body = json.dumps({"jsonrpc": "2.0", "id": json.loads(line)["id"], "result": {"metadata": {"é": "ü"}}}, ensure_ascii=False).encode()
    print("debug", flush=True)
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.flush()`;
  const child = spawn('python3', ['-c', script]);
  const peer = new Peer();
  const connection = new Connection(child, optionsOf(peer));
  const replies = await Promise.all([1, 2, 3].map(() => connection.request('ping', {}, 20_000)));
  connection.close(stopped);
  child.kill('SIGKILL');
  await waitUntil(() => child.signalCode !== null, 'the child to end');

  expect(replies).toMatchObject([1, 2, 3].map(() => ({ ok: true, result: { metadata: { é: 'ü' } } })));
  expect(connection.stats.pollutionLines).toBe(3);
});

test('a service request is served and answered', async () => {
  const peer = new Peer();
  peer.serve = async (method, params) => ({ method, params });
  await peer.say({ id: 'a', method: 'storage/get', params: { key: 'k' } }, { id: 2, method: 'tasks/list' });
  await peer.gets(2);

  expect(peer.messages).toEqual([
    { jsonrpc: '2.0', id: 'a', result: { method: 'storage/get', params: { key: 'k' } } },
    { jsonrpc: '2.0', id: 2, result: { method: 'tasks/list' } },
  ]);
});

test('a HostError crosses with its number and code, anything else without details', async () => {
  const peer = new Peer();
  peer.serve = (method) => {
    if (method === 'nope') throw new HostError('METHOD_UNKNOWN', 'Cannot call "nope": no such method');
    return Promise.reject(method === 'bug' ? new Error('secret path') : new HostError('QUOTA_EXCEEDED', 'full'));
  };
  await peer.say({ id: 1, method: 'nope' }, { id: 2, method: 'bug' }, { id: 3, method: 'storage/set' });
  await peer.gets(3);

  expect(peer.messages.map((message) => message.error)).toEqual([
    { code: -32601, message: 'Cannot call "nope": no such method', data: { code: 'METHOD_UNKNOWN' } },
    { code: -32603, message: 'The host failed; its log says how', data: { code: 'INTERNAL_ERROR' } },
    { code: -32004, message: 'full', data: { code: 'QUOTA_EXCEEDED' } },
  ]);
});

test('a service result that is no JSON or too large becomes an error', async () => {
  const peer = new Peer();
  peer.serve = async (method) => (method === 'big' ? 'x'.repeat(100_001) : { n: 1n });
  await peer.say({ id: 1, method: 'big' }, { id: 2, method: 'bigint' });
  await peer.gets(2);

  expect(peer.messages.map((message) => message.error?.data)).toEqual([{ code: 'MESSAGE_TOO_LARGE' }, { code: 'INTERNAL_ERROR' }]);
});

test('$/cancelRequest aborts the request’s signal, and so does close()', async () => {
  const peer = new Peer();
  peer.serve = () => new Promise(() => undefined);
  await peer.say({ id: 1, method: 'a' }, { id: 2, method: 'b' });
  await waitUntil(() => peer.served.length === 2, 'both requests');
  const cancel = (params: unknown) => ({ method: '$/cancelRequest', params });
  await peer.say(cancel({ id: 1 }), cancel({ id: 99 }), cancel({ id: null }), cancel(undefined), cancel(null));

  expect(peer.served.map((request) => request.signal.aborted)).toEqual([true, false]);
  peer.connection.close(stopped);
  expect(peer.served[1]?.signal.aborted).toBe(true);
});

test('the 65th service request in flight is refused with SERVICE_BUSY', async () => {
  const peer = new Peer();
  const finish: (() => void)[] = [];
  peer.serve = () => new Promise((resolve) => finish.push(() => resolve({})));
  await peer.say(...Array.from({ length: 66 }, (_, id) => ({ id, method: 'slow' })));
  await waitUntil(() => peer.served.length === 64, '64 requests');
  await peer.gets(2);
  expect(peer.messages).toMatchObject([
    { id: 64, error: { code: -32003, data: { code: 'SERVICE_BUSY' } } },
    { id: 65, error: { code: -32003 } },
  ]);
  expect(peer.connection.stats.servicesRefused).toBe(2);

  for (const done of finish) done();
  await peer.gets(66);
  await peer.say({ id: 64, method: 'slow' });
  await waitUntil(() => peer.served.length === 65, 'the next request');
});

test('requests the library could not answer are refused before it sees them', async () => {
  const peer = new Peer();
  peer.serve = () => new Promise(() => undefined);
  await peer.say(
    { id: null, method: 'a' },
    { id: {}, method: 'a' },
    { id: 1, method: 'a', params: [1] },
    { id: 1, method: 'a', params: 7 },
  );
  await peer.say({ id: 5, method: 'a' }, { id: '5', method: 'a' });
  await peer.gets(5);

  expect(peer.messages.map((message) => [message.id, message.error?.code])).toEqual([
    [null, -32600],
    [null, -32600],
    [1, -32600],
    [1, -32600],
    ['5', -32600],
  ]);
  expect(peer.served).toHaveLength(1);
});

test('unknown notifications are ignored', async () => {
  const peer = new Peer();
  await peer.say({ method: 'telemetry', params: {} }, { method: '$/setTrace', params: { value: 'verbose' } }, { method: '$/progress' });

  expect(peer.served).toEqual([]);
  expect(peer.received).toBe('');
  expect(peer.connection.stats.invalidMessages).toBe(1);
});

function optionsOf(peer: Peer): ConnectionOptions {
  return {
    plugin: 'redact',
    framing: 'lines',
    maxMessageBytes: 100_000,
    logsPerSecond: 100,
    pollutionLines: 5,
    timers: peer.timers,
    onLog: () => undefined,
    serve: () => Promise.resolve({}),
    onFault: (failure) => peer.faults.push(failure.code),
    onHung: () => undefined,
    onDrain: () => undefined,
  };
}

test('answers that a plugin does not read are bounded: what it asks meanwhile is not served', async () => {
  const stdin = new PassThrough();
  const peer = new Peer();
  const connection = new Connection(
    { stdin, stdout: peer.stdout },
    {
      ...{ plugin: 'redact', framing: 'lines', maxMessageBytes: 100_000, logsPerSecond: 100, pollutionLines: 5, timers: peer.timers },
      ...{ onLog: () => undefined, onFault: () => undefined, onHung: () => undefined, onDrain: () => undefined },
      serve: (method) => {
        served++;
        return Promise.resolve(method === 'big' ? 'x'.repeat(90_000) : {});
      },
    },
  );
  let served = 0;
  const ask = (from: number, method = 'big') => {
    for (let id = from; id < from + 10; id++) peer.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, method })}\n`);
  };
  for (let from = 0; from < 300; from += 10) {
    const refused = connection.stats.servicesRefused + served;
    ask(from);
    await waitUntil(() => connection.stats.servicesRefused + served >= refused + 10, 'ten answers or refusals');
  }
  expect(connection.stats.bytesOut).toBeLessThan(90_000 * 100);

  const before = served;
  stdin.resume();
  await waitUntil(() => connection.writable, 'the plugin to read');
  ask(1000, 'small');
  await waitUntil(() => served === before + 10, 'to be served again');
  connection.close(stopped);
});

test('a refusal waits until the plugin reads, and so every request is answered', async () => {
  const stdin = new PassThrough();
  const peer = new Peer();
  const connection = new Connection(
    { stdin, stdout: peer.stdout },
    {
      ...{ plugin: 'redact', framing: 'lines', maxMessageBytes: 3_000_000, logsPerSecond: 100, pollutionLines: 5, timers: peer.timers },
      ...{ onLog: () => undefined, onFault: () => undefined, onHung: () => undefined, onDrain: () => undefined },
      serve: () => Promise.resolve('x'.repeat(2_000_000)),
    },
  );
  cleanUps.push(() => connection.close(stopped));
  peer.stdout.write('{"jsonrpc":"2.0","id":"large","method":"m"}\n');
  await waitUntil(() => !connection.writable, 'the answer to wait');
  for (let id = 0; id < 100; id++) peer.stdout.write(`{"jsonrpc":"2.0","id":${id},"method":"m","params":[]}\n`);
  await waitUntil(() => connection.stats.messagesIn === 101, 'the host to read');

  let received = '';
  stdin.on('data', (chunk) => {
    received += chunk;
  });
  await waitUntil(() => received.split('\n').length > 101, 'all answers');

  const ids = received.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as Wire).id]));
  expect(ids).toEqual(['large', ...Array.from({ length: 100 }, (_, id) => id)]);
});

test('a method name longer than 200 characters is refused and not quoted', async () => {
  const peer = new Peer();
  await peer.say({ id: 1, method: 'm'.repeat(50_000) });
  await peer.gets(1);

  expect(peer.messages[0]?.error?.data).toEqual({ code: 'REQUEST_INVALID' });
  expect([peer.served.length, peer.received.length < 1000]).toEqual([0, true]);
});
