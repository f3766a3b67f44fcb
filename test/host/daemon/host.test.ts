import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHost } from '../../../host/daemon/host.ts';
import type { HostOptions } from '../../../host/daemon/types.ts';
import { loadLocks, writeLocked } from '../../../host/registry/lock-file.ts';
import { hashTree } from '../../../host/registry/tree-hash.ts';
import { APP, DRAFT, fixtures, Hosts } from '../../support/hosts.ts';
import { testWith } from '../../support/needs.ts';
import { waitUntil } from '../../support/wait-until.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('createHost() without a config has the catalogs that ship with Outrigger and no plugins', async () => {
  const home = await hosts.home;
  const host = await createHost({ config: false, cwd: home, env: { HOME: home } });

  const names = host.hooks().map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(['conda.pre_command', 'conda.post_command', 'conda.on_exception']);
  expect(names.every((name) => name.startsWith('conda.'))).toBe(true);
  expect([host.plugins(), host.problems]).toEqual([[], []]);
  expect((await host.emit('conda.pre_command', { command: 'ls', args: [] })).status).toBe('continued');
  await host.close();
});

test('createHost() finds the config from the folder it is given', async () => {
  const home = await hosts.home;
  const inside = join(home, 'project', 'deep');
  await mkdir(inside, { recursive: true });
  await writeFile(join(home, 'project', 'outrigger.json'), JSON.stringify({ plugins: fixtures({ 'adds-tag': {} }) }));

  const host = await createHost({ cwd: inside, env: await hosts.env(), catalogs: [APP] });

  expect(host.plugins().map(({ registered }) => [registered.name, registered.state])).toEqual([['adds-tag', 'enabled']]);
  await host.close();
});

test('createHost() rejects a catalog that cannot be used', async () => {
  const catalogs = [{ name: 'app', hooks: { save: { description: 'x', payload: { type: 'nonsense' } } } }] as never;

  await expect(createHost({ config: false, env: await hosts.env(), catalogs })).rejects.toMatchObject({ code: 'CATALOG_INVALID' });
});

test('createHost() rejects a required plugin that is not trusted', async () => {
  const plugins = fixtures({ 'fills-storage': { required: true, trust: 'none' } });

  await expect(createHost({ config: { plugins }, env: await hosts.env(), catalogs: [APP] })).rejects.toMatchObject({
    code: 'PLUGIN_REQUIRED',
  });
});

test('createHost() refuses a service of a name that is taken', async () => {
  const services = { 'storage/get': () => 1 };

  await expect(createHost({ config: false, env: await hosts.env(), services })).rejects.toMatchObject({ code: 'HANDLER_INVALID' });
});

test('a host starts no process before the first event that a plugin hears', async () => {
  const host = await hosts.open({ 'adds-tag': {}, 'counts-events': {} });
  const pids = (): (number | undefined)[] => host.plugins().map(({ status }) => status?.pid);
  expect(pids()).toEqual([undefined, undefined]);

  const outcome = await host.emit('app.lookup', DRAFT);

  expect(outcome.payload.tags).toEqual(['good']);
  expect(pids()).toEqual([expect.any(Number), undefined]);
});

test('a plugin sees no variable of the host but those it was granted', async () => {
  const env = { ...(await hosts.env()), GRANTED: '1', NOT_GRANTED: '1', AWS_SECRET_ACCESS_KEY: 'x', LANG: 'C' };
  const host = await hosts.open({ 'shows-environment': { grant: { env: ['GRANTED'] } } }, { env });

  const { trace } = await host.emit('app.save', DRAFT);

  const own = ['PATH', 'LANG', 'GRANTED', 'FROM_MANIFEST', 'OUTRIGGER_PLUGIN', 'OUTRIGGER_PROTOCOL', 'NODE_COMPILE_CACHE'];
  const names = (trace.answers[0]?.metadata?.['names'] ?? []) as string[];
  expect(names).toEqual(expect.arrayContaining(['GRANTED', 'FROM_MANIFEST']));
  expect(names.filter((name) => !own.includes(name))).toEqual([]);
});

test('noPlugins runs handlers and reads no plugin', async () => {
  const host = await hosts.open({ 'adds-tag': {} }, { noPlugins: true });
  host.on('app.save', () => ({ action: 'modify', changes: { title: 'mine' } }));

  const { payload } = await host.emit('app.save', DRAFT);

  expect(payload).toEqual({ title: 'mine', tags: [] });
  expect(host.plugins().map(({ registered, status }) => [registered.state, registered.manifest, status])).toEqual([
    ['without', undefined, undefined],
  ]);
});

test('without leaves a plugin out however broken it is', async () => {
  const host = await hosts.open({ 'adds-tag': {}, broken: { path: '/no/such/folder', required: true } }, { without: ['broken'] });

  expect((await host.emit('app.save', DRAFT)).payload.tags).toEqual(['good']);
  expect(host.explain('app.save').left.map(({ plugin }) => plugin)).toEqual(['broken']);
});

test('a broken plugin is a problem of the host and stops nobody else', async () => {
  const host = await hosts.open({ broken: { path: '/no/such/folder' }, 'adds-tag': {} });

  expect(host.problems.map(({ plugin, severity }) => [plugin, severity])).toEqual([['broken', 'error']]);
  expect((await host.emit('app.save', DRAFT)).payload.tags).toEqual(['good']);
});

test('hooks() tells who hears what', async () => {
  const host = await hosts.open({ 'adds-tag': {} });
  host.default('app.save', () => undefined);

  expect(host.hooks().map(({ name, subscribers }) => [name, subscribers])).toEqual([
    ['app.save', ['default', 'adds-tag']],
    ['app.lookup', ['adds-tag']],
    ['app.check', []],
  ]);
});

test('traces() keeps the latest, and trace() finds one', async () => {
  const host = await hosts.open({}, { traceCapacity: 2 });
  host.on('app.save', () => undefined);
  const events: string[] = [];
  for (let count = 0; count < 3; count++) events.push((await host.emit('app.save', DRAFT)).event);

  expect(host.traces().map(({ event }) => event)).toEqual(events.slice(1));
  expect(host.trace(events[2] ?? '')?.event).toBe(events[2]);
  expect(host.trace(events[0] ?? '')).toBeUndefined();
});

test('restart() puts a fresh process in the place of the old one', async () => {
  const host = await hosts.open({ 'adds-tag': {} });
  await host.emit('app.save', DRAFT);
  const old = host.plugins()[0]?.status?.pid;

  await host.restart('adds-tag');

  const fresh = host.plugins()[0]?.status?.pid;
  expect([isAlive(old), isAlive(fresh)]).toEqual([false, true]);
  expect((await host.emit('app.save', DRAFT)).payload.tags).toEqual(['good']);
});

test('restart() says why it cannot', async () => {
  const host = await hosts.open({ 'adds-tag': { enabled: false }, 'exits-before-hello': {} });

  await expect(host.restart('add-tag')).rejects.toMatchObject({ code: 'PLUGIN_UNKNOWN', message: expect.stringContaining('"adds-tag"') });
  await expect(host.restart('adds-tag')).rejects.toMatchObject({ message: expect.stringContaining('Cannot restart plugin "adds-tag"') });
  await expect(host.restart('exits-before-hello')).rejects.toMatchObject({ code: 'PLUGIN_START_FAILED' });
});

test('close() leaves no process, can be called twice, and ends the host for good', async () => {
  const host = await hosts.open({ 'adds-tag': {}, 'counts-events': {} });
  const session = host.session();
  await host.emit('app.save', DRAFT);
  const pids = host.plugins().map(({ status }) => status?.pid);
  expect(pids.map(isAlive)).toEqual([true, true]);

  await Promise.all([host.close(), host.close()]);
  await host.close();

  expect(pids.map(isAlive)).toEqual([false, false]);
  const stopped = { code: 'HOST_STOPPED' };
  await expect(host.emit('app.save', DRAFT)).rejects.toMatchObject(stopped);
  await expect(session.emit('app.save', DRAFT)).rejects.toMatchObject(stopped);
  await expect(host.restart('adds-tag')).rejects.toMatchObject(stopped);
  expect(() => host.session()).toThrow(expect.objectContaining(stopped));
  expect(() => host.on('app.save', () => undefined)).toThrow(expect.objectContaining(stopped));
});

test('close() ends events in flight', async () => {
  const host = await hosts.open({ hangs: {} });
  const byPlugin = host.emit('app.save', { title: 'sin', tags: [] });
  const rejected = expect(byPlugin).rejects.toMatchObject({ code: 'HOST_STOPPED' });
  await waitUntil(() => host.plugins()[0]?.status?.inFlight === 1, 'the plugin to handle the event');

  await host.close();

  await rejected;
});

test('a host writes nothing outside the folders of its user', async () => {
  const home = await hosts.home;
  const host = await hosts.open({ 'adds-tag': {} });
  await host.emit('app.save', DRAFT);
  await host.close();

  expect((await readdir(home)).filter((name) => !['.cache', '.local'].includes(name))).toEqual([]);
});

test.each([
  [undefined, 'a process'],
  [false, 'none'],
])('createHost() with startEager %s has %s for an eager plugin before any event', async (startEager, expected) => {
  const folder = await hosts.home;
  const wait =
    'process.stdin.on("data", (d) => { for (const l of String(d).trim().split("\\n")) { const m = JSON.parse(l); if (m.method === "exit") process.exit(0); if (m.id) console.log(JSON.stringify({ jsonrpc: "2.0", id: m.id, result: {} })); } });';
  const manifest = {
    name: 'early',
    version: '1.0.0',
    activation: 'eager',
    runtime: { command: 'node', args: ['-e', wait] },
    hooks: { 'app.save': {} },
  };
  await mkdir(join(folder, 'early'));
  await writeFile(join(folder, 'early/plugin.json'), JSON.stringify(manifest));

  const options = startEager === undefined ? {} : { startEager };
  const host = await hosts.open({ early: { path: join(folder, 'early'), trust: 'full' } }, options);

  const state = () => host.plugins()[0]?.status?.state;
  if (expected === 'none') expect(state()).toBe('stopped');
  else await waitUntil(() => state() === 'ready', 'the eager plugin to be ready');
});

const ANYTHING = { name: 'app', hooks: { save: { description: 'Anything.', payload: { type: 'object' } } } } as const;

/** A host with one confined plugin that asks for more, and was accepted with nothing. */
async function accepted(options: Omit<HostOptions, 'catalogs'>) {
  const home = await hosts.home;
  const lockFile = join(home, 'outrigger.lock.json');
  const plugins = fixtures({ 'asks-for-more': { trust: 'none' } });
  const hash = await hashTree(plugins['asks-for-more']?.path ?? '', undefined);
  const locked = { version: '1.0.0', hash, trust: 'none', asked: {}, grant: {}, time: '2026-11-21T12:00:00.000Z' } as const;
  await writeLocked(lockFile, 'asks-for-more', locked);
  const env = { ...(await hosts.env()), EXAMPLE_VARIABLE: 'seen' };
  const open = () => createHost({ config: { catalogs: [], plugins }, catalogs: [ANYTHING], cwd: home, env, lockFile, ...options });
  return { open, granted: async () => (await loadLocks([lockFile], undefined)).entries.get('asks-for-more')?.locked.grant };
}

testWith('bwrap', 'bubblewrap')('createHost() writes what is granted for good into the lock file; the next process has it', async () => {
  const { open, granted } = await accepted({ frozen: true, onPermissionRequest: () => 'always' });
  const host = await open();
  const ask = async (extra: object) => (await host.emit('app.save', { extra })).trace.answers[0]?.metadata;
  try {
    const request = { granted: true, effective: 'restart' };
    expect(await ask({ env: ['EXAMPLE_VARIABLE'] })).toMatchObject({ request, variable: null, storage: 'PERMISSION_DENIED' });
    await host.restart('asks-for-more');
    expect(await ask({ services: ['storage'] })).toMatchObject({ variable: 'seen', storage: 'stored' });
    expect(host.plugins()[0]?.status?.hold?.driver).toBe('bubblewrap');
  } finally {
    await host.close();
  }
  expect(await granted()).toEqual({ env: ['EXAMPLE_VARIABLE'], services: ['storage'] });
  const next = await open();
  expect(next.plugins()[0]?.registered.granted).toEqual({ env: ['EXAMPLE_VARIABLE'], services: ['storage'] });
  await next.close();
});

test('createHost() when frozen rejects a plugin that is in no lock file', async () => {
  const config = { catalogs: [], plugins: fixtures({ 'adds-tag': {} }) };
  await expect(createHost({ config, env: await hosts.env(), catalogs: [APP], frozen: true })).rejects.toMatchObject({
    code: 'PLUGIN_REFUSED',
    message: expect.stringContaining('"adds-tag": it is in no lock file'),
  });
});
