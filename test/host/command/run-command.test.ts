import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand, withChanges } from '../../../host/command/run-command.ts';
import type { CommandLine } from '../../../host/command/types.ts';
import { createHost } from '../../../host/daemon/host.ts';
import type { Host } from '../../../host/daemon/types.ts';
import type { Logger } from '../../../host/protocol/types.ts';

const LINE: CommandLine = { command: 'sh', args: ['-c', 'exit 0'], cwd: tmpdir(), env: { PATH: '/usr/bin:/bin', OLD: '1' } };
let host: Host;
let logged: string[];
let log: Logger;

beforeEach(async () => {
  host = await createHost({ config: false, env: {} });
  logged = [];
  const note = (message: string): void => void logged.push(message);
  log = { debug: note, info: note, warn: note, error: note };
});

afterEach(() => host.close());

test('runCommand() fires nothing when nobody listens', async () => {
  expect(await runCommand(host, LINE, { log })).toMatchObject({ status: 'ended', end: { code: 0 }, failure: undefined });
  expect(host.stats().events).toBe(0);
});

test('runCommand() fires pre_command and post_command in one operation, which it ends', async () => {
  const seen: unknown[] = [];
  host.on('conda.pre_command', (payload, { context }) => void seen.push(['pre', payload.command, context.operation]));
  host.on('conda.post_command', (payload, { context }) => void seen.push(['post', payload.command, context.operation]));
  await runCommand(host, { ...LINE, command: '/bin/sh' }, { log });
  const operation = (seen[0] as string[])[2];
  expect(seen).toEqual([
    ['pre', 'sh', operation],
    ['post', 'sh', operation],
  ]);
  expect(operation).toBeTruthy();
});

test('runCommand() gives on_exception how it ended', async () => {
  const seen: object[] = [];
  host.on('conda.on_exception', (payload) => void seen.push(payload), { mode: 'audit' });
  const result = await runCommand(host, { ...LINE, args: ['-c', 'kill -TERM $$'] }, { log });
  expect(result).toMatchObject({ status: 'ended', end: { signal: 'SIGTERM' } });
  expect(seen).toMatchObject([{ error: 'CommandSignalError', signal: 'SIGTERM', args: ['-c', 'kill -TERM $$'] }]);
});

test('runCommand() runs nothing when a handler blocks or replaces', async () => {
  const off = host.on('conda.pre_command', () => ({ action: 'block', violation: { code: 'c', reason: 'r' } }), { name: 'guard' });
  expect(await runCommand(host, LINE, { log })).toMatchObject({ status: 'blocked', by: 'guard', violation: { code: 'c' } });
  off();
  host.on('conda.pre_command', () => ({ action: 'replace', value: { exitCode: 4 } }));
  expect(await runCommand(host, LINE, { log })).toEqual({ status: 'replaced', value: { exitCode: 4 } });
});

test('runCommand() returns how the command ended although its end cannot be told', async () => {
  host.on('conda.post_command', () => undefined);
  const operation = host.operation();
  const failing = { ...operation, end: () => operation.end(), emit: () => Promise.reject(new Error('the host is gone')) };
  const result = await runCommand(
    { has: (hook) => host.has(hook), operation: () => failing as never },
    { ...LINE, args: ['-c', 'exit 0'] },
    { log },
  );
  expect(result).toMatchObject({ status: 'ended', end: { code: 0 } });
  expect(logged).toEqual(['Cannot tell plugins how "sh" ended: the host is gone']);
});

test('withChanges() sets and unsets variables and leaves the others', () => {
  const changed = withChanges(LINE, { command: 'sh', args: ['x'], env: { NEW: 'n' }, unsetEnv: ['OLD', 'NONE'] });
  expect(changed).toEqual({ command: 'sh', args: ['x'], cwd: tmpdir(), env: { PATH: '/usr/bin:/bin', NEW: 'n' } });
});

test('withChanges() lets a value win over the wish to unset it', () => {
  expect(withChanges(LINE, { command: 'sh', args: [], env: { OLD: '2' }, unsetEnv: ['OLD'] }).env['OLD']).toBe('2');
});

test.each([
  ['sets another PATH', { env: { PATH: '/elsewhere' } }],
  ['removes the PATH', { unsetEnv: ['PATH'] }],
])('withChanges() keeps the program that was found first when a plugin %s', (_, changes) => {
  const changed = withChanges(LINE, { command: 'sh', args: [], ...changes });
  expect(changed.command).toMatch(/^(\/usr)?\/bin\/sh$/);
});

test.each([
  ['./tool', 'sub', '/w/tool'],
  ['./tool', undefined, './tool'],
  ['./tool', '/w', './tool'],
  ['tool', 'sub', 'tool'],
  ['/bin/tool', 'sub', '/bin/tool'],
])('withChanges() keeps the program: %s with cwd %s is %s', (command, cwd, expected) => {
  const changed = withChanges({ ...LINE, command, cwd: '/w' }, { command: 'other', args: [], ...(cwd === undefined ? {} : { cwd }) });
  expect(changed.command).toBe(expected);
});
