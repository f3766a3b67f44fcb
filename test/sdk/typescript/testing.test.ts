import { block, definePlugin } from '@outrigger/sdk';
import { testPlugin } from '@outrigger/sdk/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { plugin } from './fixtures/plugin.ts';

test('testPlugin() calls a plugin in memory with configuration and state', async () => {
  const t = await testPlugin(plugin, { config: { a: 1 } });

  expect(await t.call('test.echo', { p: 1 }, { state: 's', attempt: 2 })).toEqual({
    state: { payload: { p: 1 }, config: { a: 1 }, state: 's', attempt: 2 },
  });
  expect(await t.call('test.unheard', {})).toEqual({});
});

test('testPlugin() stands in for the services of the host', async () => {
  const t = await testPlugin(plugin, {
    config: { store: true },
    secret: (name) => (name === 'token' ? 'hush' : undefined),
    services: { 'tasks/list': ({ n }) => [n] },
    emit: () => ({ status: 'blocked' }),
  });
  t.storage.set('x1', 1);

  const answer = await t.call('test.services', {});

  expect(answer?.metadata).toEqual({
    results: [
      undefined,
      ['x1'],
      'hush',
      [1],
      ['METHOD_UNKNOWN', -32601, 'Cannot call "tasks/none": the test registers no such service'],
    ].map((value) => value ?? null),
    emitted: { event: 'emitted-1', payload: { e: 1 }, status: 'blocked' },
  });
  expect(Object.fromEntries(t.storage)).toEqual({ started: true, x1: 1, b: { c: 1 } });
  expect(t.progress).toEqual([{ event: 'event-1', message: 'half', percentage: 50 }]);
  expect(t.logs).toMatchObject([{ level: 'warn', message: 'done', event: 'event-1' }]);
  expect(t.emitted).toEqual([{ hook: 'test.child', payload: { e: 1 } }]);
});

test('testPlugin() rejects as the host would see a handler fail', async () => {
  const t = await testPlugin(plugin);

  await expect(t.call('test.throw', {})).rejects.toMatchObject({ name: 'ServiceError', number: -32603, message: 'handler broke' });
  expect(t.logs).toMatchObject([{ level: 'error' }]);
});

test('testPlugin() calls as in mode fire_and_forget when an outcome is given', async () => {
  const t = await testPlugin(plugin);

  expect(await t.call('test.notified', { a: 1 }, { outcome: { status: 'continued' } })).toBeUndefined();
  expect(t.logs).toMatchObject([{ message: 'saw', fields: { payload: { a: 1 }, outcome: { status: 'continued' } } }]);
});

test('testPlugin() cancels a call when its signal is aborted', async () => {
  const t = await testPlugin(plugin);
  const cancel = new AbortController();
  const call = t.call('test.wait', {}, { signal: cancel.signal });

  cancel.abort();

  await expect(call).rejects.toMatchObject({ number: -32800 });
});

test('a handler may take its context apart', async () => {
  const own = definePlugin({
    hooks: {
      'a.b': async (_, { log, remainingMs, progress, signal, call, deadlineMs, event }) => {
        log.info('taken apart');
        progress('half', 50);
        return { state: { event, deadlineMs, left: remainingMs() > 0, aborted: signal.aborted, served: await call('tasks/one') } };
      },
    },
  });
  const t = await testPlugin(own, { services: { 'tasks/one': () => 1 } });

  const answer = await t.call('a.b', {}, { deadlineMs: 5000 });

  expect(answer?.state).toEqual({ event: 'event-1', deadlineMs: 5000, left: true, aborted: false, served: 1 });
  expect([t.logs[0]?.message, t.progress[0]?.message]).toEqual(['taken apart', 'half']);
});

test('a handler does not wait for a service longer than for its event', async () => {
  const own = definePlugin({ hooks: { 'a.b': async (_, { call }) => ({ state: await call('tasks/never') }) } });
  const t = await testPlugin(own, { services: { 'tasks/never': () => new Promise(() => undefined) } });
  const cancel = new AbortController();
  const call = t.call('a.b', {}, { signal: cancel.signal });

  cancel.abort();

  await expect(call).rejects.toMatchObject({ number: -32800 });
});

test('testPlugin() rejects when setup declines or throws', async () => {
  await expect(testPlugin(plugin, { config: { missing: 'git' } })).rejects.toThrow('The plugin declined: needs git');
  await expect(testPlugin(plugin, { config: { broken: true } })).rejects.toThrow('setup broke');
});

test('testPlugin() changes the configuration and shuts down once', async () => {
  const seen: unknown[] = [];
  const own = definePlugin({
    hooks: { 'a.b': (_, { config }) => block('x', String(config['v'])) },
    configChanged: (config) => void seen.push(config),
    shutdown: () => void seen.push('shutdown'),
  });
  const t = await testPlugin(own, { config: { v: 1 } });

  await t.changeConfig({ v: 2 });

  expect(await t.call('a.b', {})).toMatchObject({ violation: { reason: '2' } });
  await t.shutdown();
  await t.shutdown();
  expect(seen).toEqual([{ v: 2 }, 'shutdown']);
  await expect(t.call('a.b', {})).rejects.toMatchObject({ code: 'PLUGIN_STOPPED' });
});

test('a handler sees the time that is left, and progress gives it the whole time again', async () => {
  const seen: Record<string, number> = {};
  const own = definePlugin({
    hooks: {
      'a.b': (_, { deadlineMs, remainingMs, progress }) => {
        vi.advanceTimersByTime(20_000);
        seen['before'] = deadlineMs - remainingMs();
        progress();
        seen['after'] = deadlineMs - remainingMs();
      },
    },
  });
  const t = await testPlugin(own);
  vi.useFakeTimers({ toFake: ['performance', 'hrtime'] });
  onTestFinished(() => void vi.useRealTimers());

  await t.call('a.b', {}, { deadlineMs: 60_000 });

  expect(seen).toEqual({ before: 20_000, after: 0 });
});

test('testPlugin() stands in for the requests the host makes', async () => {
  const asked: unknown[] = [];
  const own = definePlugin({
    hooks: {
      'a.b': async (_, { fetch }) => {
        const authorization = { secret: 'TOKEN', prefix: 'Bearer ' };
        const text = await fetch('https://a.test/', { method: 'POST', headers: { authorization }, body: '{}' });
        const bytes = await fetch('https://a.test/bytes', { body: Uint8Array.of(0, 255), maxBytes: 10 });
        const none = await fetch('https://a.test/none');
        return {
          metadata: { json: text.json(), ok: text.ok, bytes: [...bytes.bytes()], status: bytes.status, bad: bytes.ok, none: none.text() },
        };
      },
    },
  });
  const t = await testPlugin(own, {
    fetch: (request) => {
      asked.push(request);
      if (request.url.endsWith('/none')) return {};
      return request.method === 'POST' ? { body: '{"a":1}' } : { status: 404, bodyBase64: 'AP8=' };
    },
  });

  const answer = await t.call('a.b', {});

  expect(answer?.metadata).toEqual({ json: { a: 1 }, ok: true, bytes: [0, 255], status: 404, bad: false, none: '' });
  expect(asked).toEqual([
    { url: 'https://a.test/', method: 'POST', headers: { authorization: { secret: 'TOKEN', prefix: 'Bearer ' } }, body: '{}' },
    { url: 'https://a.test/bytes', bodyBase64: 'AP8=', maxBytes: 10 },
    { url: 'https://a.test/none' },
  ]);
});

test('testPlugin() refuses to fetch unless the test says what comes back', async () => {
  const own = definePlugin({ hooks: { 'a.b': async (_, { fetch }) => void (await fetch('https://a.test/')) } });

  await expect((await testPlugin(own)).call('a.b', {})).rejects.toMatchObject({ message: expect.stringContaining('https://a.test/') });
});

test('testPlugin() says what the operator says to a request for permissions', async () => {
  const own = definePlugin({
    hooks: { 'a.b': async (_, { requestPermission }) => ({ metadata: { ...(await requestPermission({ ipc: true }, 'why')) } }) },
  });
  const asked: unknown[] = [];
  const permission = (...wish: unknown[]) => {
    asked.push(wish);
    return { granted: true, effective: 'restart' } as const;
  };

  expect((await (await testPlugin(own, { permission })).call('a.b', {}))?.metadata).toEqual({ granted: true, effective: 'restart' });
  expect((await (await testPlugin(own)).call('a.b', {}))?.metadata).toEqual({ granted: false });
  expect(asked).toEqual([[{ ipc: true }, 'why']]);
});

test('a question to the operator outlives the event in which it was put', async () => {
  const own = definePlugin({ hooks: { 'a.b': async (_, { requestPermission }) => void (await requestPermission({ ipc: true })) } });
  const t = await testPlugin(own, { permission: () => new Promise(() => undefined) as never });
  const cancel = new AbortController();
  const call = t.call('a.b', {}, { signal: cancel.signal });

  cancel.abort();

  await expect(call).rejects.toMatchObject({ number: -32800 });
});

test('testPlugin() tells the plugin of a refused connection', async () => {
  const heard: unknown[] = [];
  const own = definePlugin({
    hooks: {},
    netDenied: (denial, { log }) => {
      heard.push(denial);
      log.warn('no network');
    },
  });
  const t = await testPlugin(own);

  await t.denyNet({ host: 'a.test', port: 80, reason: 'it is not granted' });

  expect(heard).toEqual([{ host: 'a.test', port: 80, reason: 'it is not granted' }]);
  expect(t.logs).toMatchObject([{ level: 'warn', message: 'no network' }]);
});

test('log takes fields that are no JSON, and shortens a record that is too large for the host', async () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const own = definePlugin({
    hooks: {
      'a.b': (_, { log }) => {
        log.info('any', { big: 10n, circle });
        log.warn('x'.repeat(11_000_000), { much: 'y' });
      },
    },
  });
  const t = await testPlugin(own);

  expect(await t.call('a.b', {})).toEqual({});
  expect(t.logs).toEqual([
    { level: 'info', message: 'any', event: 'event-1', fields: { big: '10n', circle: expect.stringContaining('[Circular') } },
    { level: 'warn', message: 'x'.repeat(2000), event: 'event-1', fields: { dropped: 'the record was too large' } },
  ]);
});

test('progress fits its schema whatever a handler says', async () => {
  const own = definePlugin({
    hooks: {
      'a.b': (_, { progress }) => {
        progress('x'.repeat(3000), 150);
        progress(undefined, Number.NaN);
      },
    },
  });
  const t = await testPlugin(own);

  await t.call('a.b', {});

  expect(t.progress).toEqual([{ event: 'event-1', message: 'x'.repeat(2000), percentage: 100 }, { event: 'event-1' }]);
});

test('a request larger than the host reads is refused before it is sent', async () => {
  const own = definePlugin({ hooks: { 'a.b': async (_, { storage }) => storage.set('k', 'x'.repeat(11_000_000)) } });
  const t = await testPlugin(own);

  await expect(t.call('a.b', {})).rejects.toThrow('Cannot call "storage/set": the message is larger than 10485760 bytes');
  expect(t.storage.size).toBe(0);
});
