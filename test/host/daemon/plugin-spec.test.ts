import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { LIMITS, pluginSpec, type SpecContext } from '../../../host/daemon/plugin-spec.ts';
import type { LaunchSpec } from '../../../host/process/types.ts';
import type { RegisteredPlugin } from '../../../host/registry/types.ts';
import type { DriverName, Policy, SandboxDriver } from '../../../host/sandbox/types.ts';
import type { PluginSpec } from '../../../host/supervisor/types.ts';
import { writeFiles } from '../registry/write-files.ts';

const MANIFEST: Manifest = { name: 'p', version: '1.2.3', runtime: { command: 'no-such-program', args: ['x'] }, hooks: { 'app.save': {} } };

function spec(manifest: Partial<Manifest> = {}, plugin: Partial<RegisteredPlugin> = {}, context: Partial<SpecContext> = {}): PluginSpec {
  const registered: RegisteredPlugin = {
    name: 'p',
    state: 'enabled',
    reason: undefined,
    directory: '/plugins/p',
    manifestFile: '/plugins/p/plugin.yaml',
    manifestHash: 'hash',
    manifest: { ...MANIFEST, ...manifest },
    trust: 'full',
    required: false,
    config: { a: 1 },
    granted: {},
    confinement: undefined,
    hash: undefined,
    lock: 'none',
    lockFile: undefined,
    sets: [],
    problems: [],
    ...plugin,
  };
  return pluginSpec(registered, { config: {}, env: {}, inspect: false, hooks: ['app.save'], cacheDir: '/cache', ...context });
}

test('pluginSpec() fills in the defaults', () => {
  expect(spec()).toMatchObject({
    name: 'p',
    version: '1.2.3',
    framing: 'lines',
    hooks: ['app.save'],
    config: { a: 1 },
    activation: 'lazy',
    idleStopMs: 300_000,
    concurrency: 64,
    maxMessageBytes: 10 * 1024 * 1024,
    startDeadlineMs: 10_000,
    inspect: false,
  });
});

test('pluginSpec() takes the manifest before the defaults', () => {
  const wishes = { activation: 'eager', idleStopMs: 0, concurrency: 1 } as const;

  expect(spec({ ...wishes, runtime: { command: 'x', framing: 'content-length' } })).toMatchObject({ ...wishes, framing: 'content-length' });
});

test('pluginSpec() takes the limits of the config before its own', () => {
  const limits = { maxMessageBytes: 2048, queueCalls: 1, queueBytes: 4096, startDeadlineMs: 5, logsPerSecond: 6, pollutionLines: 7 };

  expect(spec({}, {}, { config: { limits } })).toMatchObject(limits);
  expect(spec({}, {}, { config: { limits: { queueCalls: 1 } } }).queueBytes).toBe(LIMITS.queueBytes);
});

test('pluginSpec() builds the environment from nothing', () => {
  const env = {
    PATH: '/bin',
    LANG: 'C',
    HOME: '/home/me',
    AWS_SECRET_ACCESS_KEY: 'x',
    NODE_OPTIONS: '--inspect',
    GRANTED: 'g',
    LD_PRELOAD: 'evil.so',
  };

  expect(spec({}, { granted: { env: ['GRANTED', 'NOT_SET'] } }, { env }).launch.env).toEqual({
    PATH: '/bin',
    LANG: 'C',
    GRANTED: 'g',
    OUTRIGGER_PLUGIN: 'p',
    OUTRIGGER_PROTOCOL: '1',
  });
});

test('pluginSpec() lets the manifest set variables, but not those of Outrigger', () => {
  const env = { MINE: '1', OUTRIGGER_PLUGIN: 'somebody-else', OUTRIGGER_PROTOCOL: '99' };

  expect(spec({ runtime: { command: 'x', env } }).launch.env).toEqual({ MINE: '1', OUTRIGGER_PLUGIN: 'p', OUTRIGGER_PROTOCOL: '1' });
});

test('pluginSpec() runs a command in the folder of the plugin, and an unknown one as it stands', () => {
  expect(spec().launch).toMatchObject({ plugin: 'p', command: 'no-such-program', args: ['x'], cwd: '/plugins/p' });
});

test('pluginSpec() refuses a plugin without a manifest', () => {
  expect(() => spec({}, { manifest: undefined })).toThrow('plugin "p" has no manifest');
});

const POLICY: Policy = {
  plugin: 'p',
  directory: '/store/abc',
  dataDir: undefined,
  cacheDir: undefined,
  read: [],
  write: [],
  net: [],
  canFork: false,
  ipc: false,
  native: false,
  uid: undefined,
  limits: { memoryMb: 1, cpu: 1, pids: 1, openFiles: 1, tmpMb: 1, storageMb: 1 },
};

/** A driver that shows what it was given. */
function showing(seen: { spec: LaunchSpec; policy: Policy }[], name: DriverName = 'bubblewrap'): SandboxDriver {
  return {
    name,
    grade: 'os',
    probe: () => Promise.reject(new Error('not asked')),
    confine: (launch, policy) => {
      seen.push({ spec: launch, policy });
      return { launch, driver: name, grade: 'os', limits: policy.limits, fds: {}, net: [], writable: [] };
    },
  };
}

test('pluginSpec() starts a confined plugin from the folder of its policy, with what is granted by then', async () => {
  const directory = await writeFiles({ run: '#!/bin/sh\n' });
  chmodSync(join(directory, 'run'), 0o755);
  const policy = { ...POLICY, directory };
  const seen: { spec: LaunchSpec; policy: Policy }[] = [];
  const asked: Permissions[] = [];
  let now: Permissions = {};
  const confinement = {
    driver: showing(seen),
    policy: (granted: Permissions) => {
      asked.push(granted);
      return policy;
    },
  };
  const runtime = { command: './run', args: ['main.mjs'] };
  const env = { TOKEN: 't', PATH: process.env['PATH'] };
  const { confine, launch } = spec({ runtime }, { trust: 'none', confinement }, { env, granted: () => now });
  confine?.();
  now = { env: ['TOKEN'] };
  confine?.();
  expect(asked).toEqual([{}, { env: ['TOKEN'] }]);
  expect(seen.map(({ spec: { command, args, env: given } }) => [command, args, given['TOKEN']])).toEqual([
    [join(directory, 'run'), ['main.mjs'], undefined],
    [join(directory, 'run'), ['main.mjs'], 't'],
  ]);
  expect(seen[0]?.policy).toBe(policy);
  expect(launch.env['NODE_COMPILE_CACHE']).toBeUndefined();
});

test('pluginSpec() keeps what a confined plugin compiles apart from what trusted ones do', () => {
  const seen: { spec: LaunchSpec; policy: Policy }[] = [];
  const start = (cacheDir: string | undefined) => {
    const confinement = { driver: showing(seen), policy: () => ({ ...POLICY, cacheDir }) };
    spec({ runtime: { command: 'node' } }, { trust: 'none', confinement }).confine?.();
  };
  start(undefined);
  start('/cache/confined/p/abc');
  expect(seen.map((one) => one.spec.env['NODE_COMPILE_CACHE'])).toEqual([undefined, '/cache/confined/p/abc']);
});

test.each([
  ['python3', true],
  ['/usr/bin/python3.11', true],
  ['./run', true],
  ['node', false],
  ['java', false],
])('pluginSpec() with the command %s sets a folder for what Python compiles: %s', (command, isSet) => {
  expect(spec({ runtime: { command } }).launch.env['PYTHONPYCACHEPREFIX']).toBe(isSet ? '/cache/compiled/p/python' : undefined);
});

test('pluginSpec() finds the program of a confined plugin on the PATH of its policy, whatever its manifest says', () => {
  const seen: { spec: LaunchSpec; policy: Policy }[] = [];
  const programs = { path: ['/usr/bin', '/bin'], isForeign: () => false, whyNot: () => undefined };
  const confinement = { driver: showing(seen), policy: () => ({ ...POLICY, programs }) };
  spec({ runtime: { command: 'sh', env: { PATH: '/nowhere' } } }, { trust: 'none', confinement }).confine?.();
  const bare = { driver: showing(seen), policy: () => POLICY };
  spec({ runtime: { command: 'sh', env: { PATH: '/usr/bin' } } }, { trust: 'none', confinement: bare }).confine?.();
  expect(seen.map((one) => one.spec.command)).toEqual(['/usr/bin/sh', 'sh']);
});

test.each<[DriverName, string]>([
  ['bubblewrap', '/plugins/p'],
  ['seatbelt', '/store/abc'],
  ['landlock', '/store/abc'],
])('pluginSpec() under %s names %s as the folder it starts in', (driver, cwd) => {
  const seen: { spec: LaunchSpec; policy: Policy }[] = [];
  spec({}, { trust: 'none', confinement: { driver: showing(seen, driver), policy: () => POLICY } }).confine?.();
  expect(seen[0]?.spec.cwd).toBe(cwd);
});

test('pluginSpec() never lets a plugin without trust run bare', () => {
  expect(() => spec({}, { trust: 'none' })).toThrow('is not trusted and has no sandbox');
});
