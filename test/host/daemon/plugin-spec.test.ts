import type { Manifest } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { LIMITS, pluginSpec, type SpecContext } from '../../../host/daemon/plugin-spec.ts';
import type { RegisteredPlugin } from '../../../host/registry/types.ts';
import type { PluginSpec } from '../../../host/supervisor/types.ts';

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
    services: new Set(),
    env: [],
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

  expect(spec({}, { env: ['GRANTED', 'NOT_SET'] }, { env }).launch.env).toEqual({
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
