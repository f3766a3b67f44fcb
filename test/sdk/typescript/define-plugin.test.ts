import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePlugin } from '@outrigger/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testWith } from '../../support/needs.ts';
import { plugin as imported } from './fixtures/plugin.ts';
import { PluginProcess } from './plugin-process.ts';

const testWithPython = testWith('python3', 'python3');

const file = fileURLToPath(new URL('fixtures/plugin.ts', import.meta.url));
const sdk = new URL('../../../sdk/typescript/dist/index.js', import.meta.url).href;
const byHand = { PATH: process.env['PATH'] };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'define-plugin-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function startScript(text: string, env: NodeJS.ProcessEnv): Promise<PluginProcess> {
  await writeFile(`${folder}/main.mjs`, text);
  return new PluginProcess(process.execPath, [`${folder}/main.mjs`], { env });
}

test('definePlugin() only returns the plugin when a test imports it', () => {
  expect(Object.keys(imported.hooks)).toContain('test.echo');
  expect(process.listenerCount('SIGINT')).toBe(0);
});

test.each([
  [undefined, '"hooks" must be an object'],
  [{ hook: {} }, '"hooks" must be an object'],
  [{ hooks: { 'test.echo': 5 } }, 'the handler of "test.echo" must be a function, not number'],
])('definePlugin() refuses %j', (definition, why) => {
  expect(() => definePlugin(definition as never)).toThrow(why);
});

test('definePlugin() serves when the plugin is the main module', async () => {
  const plugin = new PluginProcess(process.execPath, [file], { env: byHand });

  expect((await plugin.invoke('test.modify', { n: 1 }))['result']).toMatchObject({ action: 'modify' });
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});

test('definePlugin() serves in a program that imports the plugin only under a host', async () => {
  const script = `import '${file}'; console.error('loaded');`;

  const program = await startScript(script, byHand);
  expect(await program.ended).toEqual({ code: 0, signal: null });

  const plugin = await startScript(script, { ...byHand, OUTRIGGER_PLUGIN: 'x' });
  expect((await plugin.request('ping'))['result']).toEqual({});
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});

test('definePlugin() refuses a second plugin in one process', async () => {
  const script = `import { definePlugin } from '${sdk}'; definePlugin({ hooks: {} }); definePlugin({ hooks: {} });`;
  const plugin = await startScript(script, { ...byHand, OUTRIGGER_PLUGIN: 'x' });

  expect(await plugin.ended).toMatchObject({ code: 1 });
  expect(plugin.stderr).toContain('definePlugin() was called twice in this process');
});

test('definePlugin() exits 1 without a word to the host when a module fails that runs after it', async () => {
  const script = `import { definePlugin } from '${sdk}'; definePlugin({ hooks: {} }); throw new Error('broke while loading');`;
  const plugin = await startScript(script, { ...byHand, OUTRIGGER_PLUGIN: 'x' });

  void plugin.initialize();

  expect(await plugin.ended).toEqual({ code: 1, signal: null });
  expect({ stdout: plugin.stdout, stderr: plugin.stderr }).toEqual({ stdout: '', stderr: expect.stringContaining('broke while loading') });
});

testWithPython('definePlugin() explains itself and exits 1 on a terminal without a host', async () => {
  const spawn = 'import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
  // The terminal shows stdout and stderr as one.
  const plugin = new PluginProcess('python3', ['-c', spawn, process.execPath, file], { env: byHand });

  expect(await plugin.ended).toMatchObject({ code: 1 });
  expect(plugin.stdout).toContain('This is an Outrigger plugin for test.echo');
});
