import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandHost } from '../../../host/cli/command-host.ts';
import type { CliContext } from '../../../host/cli/context.ts';
import { openWire } from '../../../host/client/open-wire.ts';
import type { Wire } from '../../../host/client/wire.ts';

const HOOK = 'conda.pre_command';
const OPTIONS = {
  config: undefined,
  json: false,
  noPlugins: false,
  without: [],
  frozen: false,
  inspectPlugin: undefined,
  verbose: false,
  quiet: false,
};
let folder: string;
let silent: Server;
let sockets: Socket[];
let wire: Wire;
let said: string[];
let context: CliContext;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-hung-'));
  mkdirSync(join(folder, 'guard'));
  const manifest = { name: 'guard', version: '1.0.0', runtime: { command: 'node' }, hooks: { [HOOK]: { runFor: ['rm'] } } };
  writeFileSync(join(folder, 'guard', 'plugin.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'outrigger.json'), JSON.stringify({ plugins: { guard: { path: './guard', trust: 'full' } } }));
  sockets = [];
  silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(join(folder, 's.sock'), resolve));
  const opened = await openWire(join(folder, 's.sock'));
  if ('reason' in opened) throw new Error(opened.reason);
  wire = opened.wire;
  said = [];
  const keep = (message: string): void => void said.push(message);
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  context = { options: OPTIONS, cwd: folder, env: { HOME: folder }, log } as unknown as CliContext;
});

afterEach(async () => {
  wire.end('the test is over');
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('emit() of a command that a guard was to be asked about is blocked when the daemon hangs', async () => {
  const host = commandHost(context, wire, [HOOK], 50);
  expect(await host.operation().emit(HOOK, { command: 'rm', args: [], cwd: '/', env: {}, unsetEnv: [] })).toMatchObject({
    status: 'blocked',
    by: 'guard',
    cause: 'failure',
    violation: { code: 'HOST_STOPPED', reason: 'the daemon was lost before guard had answered' },
  });
  expect(said).toEqual([]);
});

test('emit() of a command that no guard cares about goes on, is said once, and nothing more is asked', async () => {
  const host = commandHost(context, wire, [HOOK, 'conda.post_command'], 50);
  const payload = { command: 'ls', args: [], cwd: '/', env: {}, unsetEnv: [] };
  expect(await host.operation().emit(HOOK, payload)).toEqual({ status: 'continued', payload });
  expect(said).toEqual([expect.stringContaining('The daemon was lost, so "conda.pre_command" goes on without plugins')]);
  expect(host.has('conda.post_command')).toBe(false);
});
