import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { PluginProcess } from './plugin-process.ts';

const file = fileURLToPath(new URL('fixtures/plugin.ts', import.meta.url));
const running: PluginProcess[] = [];

function start(options: ConstructorParameters<typeof PluginProcess>[2] = {}): PluginProcess {
  const plugin = new PluginProcess(process.execPath, [file], options);
  running.push(plugin);
  return plugin;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((plugin) => plugin.stop()));
});

describe('serve() and hook calls', () => {
  test('serve() answers initialize, ping and a hook call with what the host sent', async () => {
    const plugin = start();

    expect((await plugin.initialize({ a: 1 }))['result']).toEqual({ protocol: 1 });
    expect((await plugin.request('ping'))['result']).toEqual({});
    const answer = await plugin.invoke('test.echo', { p: 'ü€😀' }, { state: { s: 1 }, attempt: 2 });

    expect(answer['result']).toEqual({ state: { payload: { p: 'ü€😀' }, config: { a: 1 }, state: { s: 1 }, attempt: 2 } });
  });

  test.each([false, true])('serve() answers with large texts and small ones in order, headers: %s', async (headers) => {
    const plugin = start({ headers });
    await plugin.initialize();
    const texts = ['small', 'x'.repeat(300_000), '€😀'.repeat(50_000), 'small'];

    const answers = await Promise.all(texts.map((p) => plugin.invoke('test.echo', { p })));

    const said = answers.map(({ result }) => (result as { state: { payload: { p: string } } }).state.payload.p);
    expect(said.every((text, n) => text === texts[n])).toBe(true);
    expect(plugin.messages.slice(-4)).toEqual(answers);
    expect(plugin.stray).toEqual([]);
  });

  test('serve() warns of a hook point it was asked to serve and has no handler for', async () => {
    const plugin = start();
    await plugin.initialize({}, { hooks: ['test.echo', 'test.ecko'] });
    await waitUntil(() => plugin.messages.some(({ method }) => method === 'log'), 'the warning');

    const message = expect.stringMatching(
      /^no handler for test\.ecko, which the manifest subscribes to; there are handlers for: .*test\.echo/,
    );
    expect(plugin.messages).toContainEqual({ jsonrpc: '2.0', method: 'log', params: { level: 'warn', message } });
  });

  test('serve() sends what block() and modify() make', async () => {
    const plugin = start();

    expect((await plugin.invoke('test.block'))['result']).toEqual({
      action: 'block',
      violation: { code: 'no', reason: 'not allowed', details: { a: 1 } },
      retryAfterMs: 5,
      state: 1,
    });
    expect((await plugin.invoke('test.modify', { n: 21 }))['result']).toEqual({ action: 'modify', changes: { twice: 42 } });
  });

  test('serve() answers {} to a hook it has no handler for, and -32601 to an unknown method', async () => {
    const plugin = start();

    expect((await plugin.invoke('test.unheard'))['result']).toEqual({});
    expect((await plugin.request('no/such')).error).toMatchObject({ code: -32601, data: { code: 'METHOD_UNKNOWN' } });
    expect((await plugin.request('hook/invoke', ['by position'])).error).toMatchObject({ code: -32602 });
  });

  test('serve() answers an error, logs the stack and lives on when a handler throws', async () => {
    const plugin = start();

    expect((await plugin.invoke('test.throw')).error).toMatchObject({ code: -32603, message: 'handler broke' });
    expect((await plugin.invoke('test.wrong')).error?.message).toContain('with string');

    expect(plugin.sent('log')[0]).toMatchObject({
      level: 'error',
      event: 'event-1',
      message: expect.stringContaining('handler broke'),
      fields: { stack: expect.stringContaining('plugin.ts') },
    });
    expect((await plugin.request('ping'))['result']).toEqual({});
  });

  test('serve() keeps several events in flight and answers them in any order', async () => {
    const plugin = start();
    const held = plugin.invoke('test.hold');

    expect((await plugin.invoke('test.modify', { n: 1 }))['result']).toMatchObject({ action: 'modify' });
    await plugin.invoke('test.release');

    expect((await held)['result']).toEqual({ metadata: { released: true } });
  });

  test('serve() gives fire_and_forget events to the same handler, with the outcome, and logs errors', async () => {
    const plugin = start();

    plugin.hookNotify('test.notified', { a: 1 }, { status: 'blocked', by: 'x' });
    plugin.hookNotify('test.notified', { broken: true });
    await waitUntil(() => plugin.sent('log').length === 2, 'two log records');

    expect(plugin.sent('log')[0]).toMatchObject({ message: 'saw', fields: { outcome: { status: 'blocked', by: 'x' }, payload: { a: 1 } } });
    expect(plugin.sent('log')[1]).toMatchObject({ level: 'error', message: expect.stringContaining('observer broke') });
    expect(plugin.messages.every((message) => message.id === undefined)).toBe(true);
  });
});

describe('serve() and cancellation', () => {
  test('serve() settles a cancelled call with -32800 when its handler obeys the signal', async () => {
    const plugin = start();
    const call = plugin.invoke('test.wait');

    plugin.notify('$/cancelRequest', { id: call.id });

    expect((await call).error).toMatchObject({ code: -32800 });
    expect(plugin.sent('log')).toEqual([]);
  });

  test('serve() settles a cancelled call with what its handler returns', async () => {
    const plugin = start();
    const call = plugin.invoke('test.patient');

    await waitUntil(() => plugin.sent('log').length === 1, 'the handler waits');
    plugin.notify('$/cancelRequest', { id: call.id });

    expect((await call)['result']).toMatchObject({ action: 'block', violation: { reason: 'AbortError' } });
  });

  test('serve() aborts the signal when the deadline is over', async () => {
    const answer = await start().invoke('test.patient', {}, { deadlineMs: 30 });

    expect(answer['result']).toMatchObject({ violation: { reason: 'TimeoutError' } });
  });
});

describe('serve() and the wire', () => {
  test('serve() writes with the Content-Length headers it was spoken to with', async () => {
    const plugin = start({ headers: true });

    expect((await plugin.initialize({ name: '€' }))['result']).toEqual({ protocol: 1 });
    expect((await plugin.invoke('test.echo'))['result']).toMatchObject({ state: { config: { name: '€' } } });
    expect(plugin.stdout).toMatch(/^Content-Length: \d+\r\n\r\n\{/);
  });

  test('serve() keeps everything the plugin prints off the wire', async () => {
    const plugin = start();

    await plugin.invoke('test.print');
    await plugin.request('ping');

    for (const text of ['printed while loading', 'printed by console.log', 'printed by stdout.write'])
      expect(plugin.stderr).toContain(text);
    expect(plugin.stray).toEqual([]);
  });

  test('serve() refuses garbage, batches and bad lengths, and goes on', async () => {
    const lines = start();
    lines.raw('garbage\n\n[{"jsonrpc":"2.0"}]\n{"half": \n42\n');
    await lines.request('ping');
    expect(lines.messages.map((message) => message.error?.code)).toEqual([-32700, -32600, -32700, -32600, undefined]);

    const headers = start({ headers: true });
    await headers.request('ping');
    headers.raw('Content-Length: -1\r\n\r\nnonsense\r\nContent-Length: 999999999999\r\nContent-Length: 4\r\nX: y\r\n\r\nnull');
    await headers.request('ping');
    expect(headers.messages.map((message) => message.error?.code)).toEqual([undefined, -32700, -32600, undefined]);
  });

  test('serve() takes JSON 20,000 levels deep, and answers an error when the answer cannot be written', async () => {
    const plugin = start();
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    const event = `"event":"e","hook":"test.deep","context":{"time":"t"},"deadlineMs":5000,"attempt":1,"payload":${deep}`;

    plugin.raw(`{"jsonrpc":"2.0","id":77,"method":"hook/invoke","params":{${event}}}\n`);
    await waitUntil(() => plugin.messages.some((message) => message.id === 77), 'an answer');

    const answer = plugin.messages.find((message) => message.id === 77);
    // Older V8 cannot write what it can read.
    expect([undefined, -32603]).toContain(answer?.error?.code);
    expect((await plugin.request('ping'))['result']).toEqual({});
  });

  test('serve() reads a line of 10 MB, and skips what is larger than the limit', async () => {
    const plugin = start();

    expect((await plugin.invoke('test.size', { text: 'x'.repeat(10_000_000) }))['result']).toEqual({ metadata: { length: 10_000_000 } });
    plugin.raw(`${'x'.repeat(11 * 1024 * 1024)}\n`);
    expect((await plugin.request('ping'))['result']).toEqual({});
    expect(plugin.messages.at(-2)?.error).toMatchObject({ code: -32007 });
  });

  test('serve() reads a message that comes in many reads as it was written', async () => {
    const plugin = start();
    const items = Array.from({ length: 40_000 }, (_, n) => `${n}: ü€😀`);

    const [large, small] = await Promise.all([plugin.invoke('test.echo', { items }), plugin.invoke('test.echo', { small: true })]);

    expect(large['result']).toMatchObject({ state: { payload: { items } } });
    expect(small['result']).toMatchObject({ state: { payload: { small: true } } });
  });

  test('serve() answers what it reads from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const asked = join(folder, 'asked');
    writeFileSync(asked, '{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n');

    const stdin = openSync(asked, 'r');
    const { stdout, status } = spawnSync(process.execPath, [file], {
      stdio: [stdin, 'pipe', 'pipe'],
      encoding: 'utf8',
      env: { OUTRIGGER_PLUGIN: 'test' },
      timeout: 30_000,
    });
    closeSync(stdin);

    expect({ stdout, status }).toEqual({
      stdout: '{"jsonrpc":"2.0","id":1,"result":{}}\n{"jsonrpc":"2.0","id":2,"result":{}}\n',
      status: 0,
    });
  });

  test('serve() answers an error instead of an answer larger than the limit', async () => {
    expect((await start().invoke('test.huge')).error).toMatchObject({ code: -32007, data: { code: 'MESSAGE_TOO_LARGE' } });
  });
});

describe('serve() and the handshake', () => {
  test('serve() passes on that setup declines, and fails initialize when setup throws', async () => {
    expect((await start().initialize({ missing: 'git' }))['result']).toEqual({ protocol: 1, disable: 'needs git' });
    expect((await start().initialize({ broken: true })).error?.message).toBe('setup broke');
  });

  test('serve() says which side is too old, and refuses a second initialize', async () => {
    expect((await start().initialize({}, { protocols: [7, 8] })).error).toMatchObject({
      code: -32002,
      message: expect.stringContaining('the plugin’s SDK is too old'),
    });
    const plugin = start();
    await plugin.initialize();
    expect((await plugin.initialize()).error).toMatchObject({ code: -32600 });
  });

  test('serve() takes the limit of messages from the handshake', async () => {
    const plugin = start();
    await plugin.initialize({}, { limits: { maxMessageBytes: 2000, concurrency: 1 } });

    plugin.raw(`${'x'.repeat(2001)}\n`);
    await plugin.request('ping');

    expect(plugin.messages.at(-2)?.error).toMatchObject({ code: -32007, message: expect.stringContaining('2000 bytes') });
  });

  test('serve() tells the plugin of a new configuration', async () => {
    const plugin = start();
    await plugin.initialize({ value: 1 });

    plugin.notify('config/changed', { config: { value: 2 } });

    expect((await plugin.invoke('test.echo'))['result']).toMatchObject({ state: { config: { value: 2 } } });
    await waitUntil(() => plugin.stderr.includes('config changed to 2'), 'configChanged()');
  });
});

describe('serve() and services of the host', () => {
  test('serve() asks the host by the methods of the protocol and hands refusals to the handler', async () => {
    const plugin = start();
    const answers: Record<string, object> = {
      'storage/get': { result: { value: 7 } },
      'storage/list': { result: { keys: ['x1'] } },
      'secret/get': { result: { value: 'hush' } },
      'tasks/list': { result: [1] },
      'hook/emit': { result: { event: 'event-2', status: 'continued', payload: {} } },
      'tasks/none': { error: { code: -32001, message: 'Not granted', data: { code: 'PERMISSION_DENIED' } } },
    };
    const answered = new Set<unknown>();
    const call = plugin.invoke('test.services');

    await waitUntil(() => {
      for (const { id, method } of plugin.messages as { id?: number; method?: string }[]) {
        if (method === undefined || id === undefined || answered.has(id)) continue;
        answered.add(id);
        plugin.send({ id, ...(answers[method] ?? { result: {} }) });
      }
      return plugin.messages.some((message) => message.id === call.id && message['method'] === undefined);
    }, 'the answer');

    expect((await call)['result']).toMatchObject({
      metadata: { results: [7, ['x1'], 'hush', [1], ['PERMISSION_DENIED', -32001, 'Not granted']], emitted: { event: 'event-2' } },
    });
    expect(plugin.sent('$/progress')).toEqual([{ event: 'event-1', message: 'half', percentage: 50 }]);
    expect(plugin.sent('storage/set')).toEqual([{ key: 'b', value: { c: 1 } }]);
    expect(plugin.sent('hook/emit')).toEqual([{ hook: 'test.child', payload: { e: 1 }, event: 'event-1' }]);
  });
});

describe('serve() and the end', () => {
  test('serve() runs shutdown and exits 0 when stdin ends, even in mid-message or with a call in flight', async () => {
    const plugin = start();
    void plugin.invoke('test.hold');
    await plugin.request('ping');
    plugin.raw('{"jsonrpc":"2.0","id":');

    expect(await plugin.stop()).toEqual({ code: 0, signal: null });
    expect(plugin.stderr).toContain('shut down');
  });

  test('serve() exits 0 when stdin ends before anything was said', async () => {
    const plugin = start();

    expect(await plugin.stop()).toEqual({ code: 0, signal: null });
    expect(plugin.stderr).toContain('shut down');
  });

  test('serve() exits 0 on SIGTERM and ignores SIGINT', async () => {
    const plugin = start();
    await plugin.request('ping');

    plugin.child.kill('SIGINT');
    await plugin.request('ping');
    plugin.child.kill('SIGTERM');

    expect(await plugin.ended).toEqual({ code: 0, signal: null });
    expect(plugin.stderr).toContain('shut down');
  });

  test('serve() answers shutdown after the calls in flight, takes no new ones, and exits on exit', async () => {
    const plugin = start();
    const held = plugin.invoke('test.hold');
    const shutdown = plugin.request('shutdown');
    const late = plugin.invoke('test.release');

    expect((await late).error).toMatchObject({ code: -32010 });
    plugin.notify('$/cancelRequest', { id: held.id });
    plugin.notify('exit');

    expect(await plugin.ended).toEqual({ code: 0, signal: null });
    expect(plugin.messages.some((message) => message.id === shutdown.id)).toBe(false);
    expect(plugin.stderr).not.toContain('shut down');
  });

  test('serve() runs shutdown() once before it answers shutdown', async () => {
    const plugin = start();
    const call = plugin.invoke('test.modify', { n: 1 });
    const shutdown = plugin.request('shutdown');

    await Promise.all([call, shutdown]);
    await plugin.stop();

    expect(plugin.messages.map((message) => message.id)).toEqual([call.id, shutdown.id]);
    expect(plugin.stderr.match(/shut down/g)).toHaveLength(1);
  });

  test('serve() answers everything before it exits when all of it comes at once', async () => {
    const plugin = start();

    const messages = ['initialize', 'ping', 'shutdown'].map((method, index) => ({ jsonrpc: '2.0', id: index + 1, method, params: {} }));
    plugin.raw([...messages, { jsonrpc: '2.0', method: 'exit' }].map((message) => `${JSON.stringify(message)}\n`).join(''));

    expect(await plugin.ended).toEqual({ code: 0, signal: null });
    expect(plugin.messages.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  });

  test('serve() exits 1 with the stack on stderr when an exception is not caught', async () => {
    const plugin = start();
    await plugin.invoke('test.throwLater');

    expect(await plugin.ended).toEqual({ code: 1, signal: null });
    expect(plugin.stderr).toMatch(/Error: it threw later\n\s+at .*plugin\.ts/);
  });

  test('serve() logs a rejection nobody handles and lives on', async () => {
    const plugin = start();
    await plugin.invoke('test.floating');
    await waitUntil(() => plugin.sent('log').length === 1, 'a log record');

    expect(plugin.sent('log')[0]).toMatchObject({ level: 'error', message: 'unhandled rejection: nobody waits' });
    expect((await plugin.request('ping'))['result']).toEqual({});
  });

  test('serve() ends when the host is killed with SIGKILL', async () => {
    const parent = `const { pid } = require('node:child_process').spawn(process.execPath, [process.argv[1]],
      { stdio: ['pipe', 'ignore', 'ignore'], env: { OUTRIGGER_PLUGIN: 'orphan' } }); console.log(pid); setInterval(() => {}, 1e6);`;
    const host = spawn(process.execPath, ['-e', parent, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => host.stdout.once('data', (text) => resolve(Number(text))));
    expect(isAlive(pid)).toBe(true);

    host.kill('SIGKILL');

    await waitUntil(() => !isAlive(pid), 'the orphan exits');
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
