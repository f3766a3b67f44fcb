import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, connect } from '../../../host/client/index.ts';
import type { AnyHost } from '../../../host/daemon/clients/types.ts';
import { Daemon } from '../../../host/daemon/control/daemon.ts';
import { daemonPlace } from '../../../host/daemon/control/place.ts';
import { type AppHost, DRAFT, Hosts } from '../../support/hosts.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let hosts: Hosts;
let host: AppHost;
let daemon: Daemon;
let client: Client;
let folder: string;

beforeEach(async () => {
  hosts = new Hosts();
  host = await hosts.open();
  host.on('app.save', () => ({}));
  folder = await mkdtemp(join(tmpdir(), 'outrigger-traces-'));
  const env = { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run') };
  const place = await daemonPlace({ config: undefined, cwd: folder, env });
  const onReload = () => ({ applied: true, problems: [] });
  daemon = await Daemon.open({ host: host as unknown as AnyHost, place, env, log: SILENT, configFiles: [], onReload });
  client = await connect({ path: place.socket, reconnectMs: [] });
});

afterEach(async () => {
  await client.close();
  daemon.stop();
  await daemon.stopped;
  await hosts.close();
  await rm(folder, { recursive: true, force: true });
});

test('traces() gives the records of events from the call on, in order, and ends with its signal', async () => {
  await host.emit('app.save', DRAFT);
  const abort = new AbortController();
  const traces = client.traces({ hook: 'app.save', signal: abort.signal })[Symbol.asyncIterator]();
  await client.hooks();
  const fired = [await host.emit('app.save', DRAFT), await host.emit('app.save', DRAFT)];

  const told = [await traces.next(), await traces.next()];
  expect(told.map(({ value }) => value.event)).toEqual(fired.map(({ event }) => event));
  const last = traces.next();
  abort.abort();
  expect(await last).toEqual({ done: true, value: undefined });
});

test('traces() tells when events are missing', async () => {
  let missing = 0;
  const traces = client.traces({ onMissing: () => missing++ })[Symbol.asyncIterator]();
  await client.hooks();
  for (let event = 0; event < 2100; event++) await host.emit('app.save', DRAFT);
  await traces.next();
  expect(missing).toBe(1);
});

test('traces() rejects when the daemon stops', async () => {
  const traces = client.traces()[Symbol.asyncIterator]();
  const next = traces.next();
  daemon.stop();
  await expect(next).rejects.toMatchObject({ code: 'HOST_STOPPED' });
});
