import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { makeServe, type Serve, type ServiceDeps } from '../../../host/daemon/services.ts';
import { PluginStorage } from '../../../host/daemon/storage.ts';
import { HostError } from '../../../host/protocol/errors.ts';

const { signal } = new AbortController();
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const NOT_ASKED: Omit<ServiceDeps, 'granted' | 'services'> = {
  storage: () => {
    throw new Error('this test stores nothing');
  },
  emit: async (plugin, params) => ({ event: 'e1', status: 'continued', payload: { plugin, ...params } }),
  secret: async (plugin, name) => `${name} for ${plugin}`,
  fetch: async (plugin, { url }) => ({ status: 200, url, headers: { plugin } }),
  mayRequest: (plugin) => plugin === 'asker',
  request: async (_, { permissions }) => ({ granted: permissions.ipc === true }),
};

function serveWith(
  services: ServiceDeps['services'] = {},
  granted: string[] = Object.keys(services),
  deps: Partial<ServiceDeps> = {},
): Serve {
  return makeServe({ ...NOT_ASKED, granted: () => ({ services: granted }), services, ...deps });
}

async function serveStorage(): Promise<Serve> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-services-'));
  folders.push(folder);
  const storages = new Map<string, PluginStorage>();
  const storage = (plugin: string): PluginStorage => {
    const known = storages.get(plugin) ?? new PluginStorage(join(folder, plugin), { plugin, quotaBytes: 1000 });
    storages.set(plugin, known);
    return known;
  };
  return serveWith({}, ['storage'], { storage });
}

test('serve() stores for each plugin by itself', async () => {
  const serve = await serveStorage();
  const ask = (plugin: string, method: string, params?: object) => serve(plugin, method, params, signal);

  expect(await ask('a', 'storage/set', { key: 'k', value: { n: 1 } })).toEqual({});
  expect(await ask('a', 'storage/get', { key: 'k' })).toEqual({ value: { n: 1 } });
  expect(await ask('b', 'storage/get', { key: 'k' })).toEqual({ value: null });
  expect(await ask('a', 'storage/list')).toEqual({ keys: ['k'] });
  expect(await ask('a', 'storage/list', { prefix: 'x' })).toEqual({ keys: [] });
  expect(await ask('a', 'storage/delete', { key: 'k' })).toEqual({});
  expect(await ask('a', 'storage/list', {})).toEqual({ keys: [] });
});

test.each(['storage/get', 'storage/set', 'storage/delete', 'storage/list', 'secret/get', 'net/fetch', 'hook/emit', 'tasks/list'])(
  'serve() denies "%s" to a plugin it is not granted to, whatever the parameters',
  async (method) => {
    const serve = serveWith({ 'tasks/list': () => 'secret' }, []);

    await expect(serve('p', method, ['nonsense'], signal)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/plugin "p" needs .*: outrigger plugins trust p$/),
    });
  },
);

test('serve() denies "permission/request" to a plugin whose manifest has no optional permissions', async () => {
  const message = 'Cannot call "permission/request": plugin "p" needs optionalPermissions in its manifest';

  await expect(serveWith()('p', 'permission/request', {}, signal)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message });
});

test.each(['no/such', '__proto__', 'toString', 'log'])('serve() knows no method "%s"', async (method) => {
  await expect(serveWith({}, [method])('p', method, {}, signal)).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
});

const BAD: [method: string, params: unknown, message: string][] = [
  ['storage/get', {}, 'Cannot call "storage/get": the parameters object lacks "key"'],
  ['storage/get', { key: '' }, 'Cannot call "storage/get": /key must not be empty; got ""'],
  ['storage/get', { key: 'x'.repeat(201) }, 'Cannot call "storage/get": /key must have at most 200 characters'],
  ['storage/get', { key: 7 }, 'Cannot call "storage/get": /key must be a string; got 7'],
  ['storage/get', ['key'], 'Cannot call "storage/get": parameters go by name, in an object'],
  ['storage/set', { key: 'k' }, 'Cannot call "storage/set": the parameters object lacks "value"'],
  ['hook/emit', { hook: 'save', payload: {} }, 'Cannot call "hook/emit": /hook must match'],
  ['hook/emit', { hook: 'app.save' }, 'Cannot call "hook/emit": the parameters object lacks "payload"'],
];

test.each(BAD)('serve() refuses %s with %j', async (method, params, message) => {
  await expect(serveWith({}, ['storage', 'hook/emit'])('p', method, params, signal)).rejects.toMatchObject({
    code: 'PARAMS_INVALID',
    message: expect.stringContaining(message),
  });
});

test('serve() hands hook/emit on', async () => {
  const params = { hook: 'app.save', payload: { a: 1 }, event: 'e0' };

  expect(await serveWith({}, ['hook/emit'])('p', 'hook/emit', params, signal)).toMatchObject({ payload: { plugin: 'p', ...params } });
});

test('serve() hands a secret, a request and a wish for permissions on', async () => {
  const serve = serveWith({}, [], { granted: () => ({ services: ['net/fetch'], secrets: ['token'] }) });

  expect(await serve('p', 'secret/get', { name: 'token' }, signal)).toEqual({ value: 'token for p' });
  expect(await serve('p', 'net/fetch', { url: 'https://a.test/' }, signal)).toMatchObject({ status: 200, headers: { plugin: 'p' } });
  expect(await serve('asker', 'permission/request', { permissions: { ipc: true } }, signal)).toEqual({ granted: true });
});

test.each<[string, unknown, string]>([
  ['secret/get', {}, 'lacks "name"'],
  ['net/fetch', { url: 7 }, '/url must be a string'],
  ['permission/request', { permissions: { everything: true } }, 'everything'],
])('serve() refuses %s with %j from one who may call it', async (method, params, message) => {
  const serve = serveWith({}, [], { granted: () => ({ services: ['net/fetch'], secrets: ['token'] }) });

  await expect(serve('asker', method, params, signal)).rejects.toMatchObject({
    code: 'PARAMS_INVALID',
    message: expect.stringContaining(message),
  });
});

test.each(['secret/get', 'net/fetch'])('serve() gives up %s when the plugin does not wait any more', async (method) => {
  const never = () => new Promise<never>(() => undefined);
  const granted = () => ({ services: ['net/fetch'], secrets: ['token'] });
  const serve = serveWith({}, [], { granted, secret: never, fetch: never });
  const cancel = new AbortController();
  const asked = serve('p', method, { name: 'token', url: 'https://a.test/' }, cancel.signal);

  cancel.abort();

  await expect(asked).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
});

test('serve() hands a service of the application its parameters and the caller', async () => {
  const serve = serveWith({
    'tasks/list': async (params, caller) => ({ params, plugin: caller.plugin, isTaken: caller.signal === signal }),
  });

  expect(await serve('p', 'tasks/list', { open: true }, signal)).toEqual({ params: { open: true }, plugin: 'p', isTaken: true });
  expect(await serve('p', 'tasks/list', undefined, signal)).toMatchObject({ params: {} });
});

test('serve() answers null for a service that returns nothing', async () => {
  expect(await serveWith({ 'tasks/touch': () => undefined })('p', 'tasks/touch', {}, signal)).toBeNull();
});

test('serve() gives up a service that ignores its signal', async () => {
  const serve = serveWith({ 'tasks/never': () => new Promise(() => undefined) });
  const cancel = new AbortController();
  const asked = serve('p', 'tasks/never', {}, cancel.signal);

  cancel.abort();

  await expect(asked).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
});

test('serve() tells that a service of the application failed', async () => {
  const serve = serveWith({
    'tasks/list': () => {
      throw new Error('database is away');
    },
    'tasks/add': () => Promise.reject(new HostError('QUOTA_EXCEEDED', 'too many tasks')),
  });

  await expect(serve('p', 'tasks/list', {}, signal)).rejects.toMatchObject({
    code: 'SERVICE_FAILED',
    message: 'Service "tasks/list" failed: database is away',
  });
  await expect(serve('p', 'tasks/add', {}, signal)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', message: 'too many tasks' });
});

test.each<[string, () => unknown]>([
  ['a bigint', () => ({ n: 10n })],
  [
    'a circle',
    () => {
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      return circle;
    },
  ],
])('serve() says that the result of a service is no JSON when it holds %s', async (_, service) => {
  const serve = serveWith({ 'tasks/list': service });

  await expect(serve('p', 'tasks/list', {}, signal)).rejects.toMatchObject({
    code: 'SERVICE_FAILED',
    message: expect.stringContaining('Service "tasks/list" failed: its result is no JSON: it '),
  });
});

test.each(['storage/get', 'hook/emit', 'net/fetch', 'permission/request', 'log', 'initialize', '$/progress', '$/anything', 'storage'])(
  'makeServe() refuses a service called "%s"',
  (name) => {
    expect(() => serveWith({ [name]: () => 1 })).toThrow(
      expect.objectContaining({ code: 'HANDLER_INVALID', message: expect.stringContaining(name) }),
    );
  },
);

test('makeServe() refuses a service that is no function', () => {
  const services = { 'tasks/list': 'later' } as unknown as ServiceDeps['services'];

  expect(() => serveWith(services)).toThrow(expect.objectContaining({ code: 'HANDLER_INVALID' }));
});
