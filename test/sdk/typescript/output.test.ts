import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { testWith } from '../../support/needs.ts';
import { PluginProcess } from './plugin-process.ts';

const file = fileURLToPath(new URL('fixtures/plugin.ts', import.meta.url));
const sdk = new URL('../../../sdk/typescript/dist/index.js', import.meta.url).href;
const withPython = testWith('python3', 'python3');
/** Starts a plugin whose stdout is full and does not let it wait; empties it when the plugin has tried to answer, and prints what it said. */
const FULL_PIPE = `
import os, subprocess, sys
reading, writing = os.pipe()
os.set_blocking(writing, False)
filled = 0
try:
    while True:
        filled += os.write(writing, b'#')
except BlockingIOError:
    pass
plugin = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE)
os.close(writing)
for number in (1, 2):
    plugin.stdin.write(b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\\n' % number)
    plugin.stdin.write(b'{"jsonrpc":"2.0","method":"config/changed","params":{"config":{"value":%d}}}\\n' % number)
    plugin.stdin.flush()
    while b'config changed to %d' % number not in plugin.stderr.readline():
        pass
while filled > 0:
    filled -= len(os.read(reading, filled))
plugin.stdin.close()
with os.fdopen(reading) as said:
    sys.stdout.write(said.read())
sys.exit(plugin.wait())
`;

const running: PluginProcess[] = [];

function start(program: string = file): PluginProcess {
  const plugin = new PluginProcess(process.execPath, [program]);
  running.push(plugin);
  return plugin;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((plugin) => plugin.stop()));
});

test('guardStdout() keeps off the wire what a module prints that held stdout before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = `import { stdout } from 'node:process';
    const { definePlugin } = await import('${sdk}');
    definePlugin({ hooks: { 'test.print': () => void stdout.write('printed by the one that held it') } });`;
  writeFileSync(join(folder, 'main.mjs'), script);
  const plugin = start(join(folder, 'main.mjs'));

  await plugin.invoke('test.print');

  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
  expect({ stray: plugin.stray, stderr: plugin.stderr }).toEqual({ stray: [], stderr: 'printed by the one that held it' });
});

test('writeOut() keeps the order when many messages bring it from the descriptor to the stream', async () => {
  const plugin = start();

  const calls = Array.from({ length: 300 }, (_, n) => plugin.invoke('test.echo', { n, text: 'ü'.repeat(40) }));
  const answers = await Promise.all(calls);

  expect(plugin.messages.map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
  expect(answers[299]?.['result']).toMatchObject({ state: { payload: { n: 299, text: 'ü'.repeat(40) } } });
});

test('writeOut() hands over a large answer before the plugin exits', async () => {
  const plugin = start();
  const text = 'x'.repeat(3_000_000);
  const call = plugin.invoke('test.echo', { text });
  plugin.notify('exit');

  expect((await call)['result']).toMatchObject({ state: { payload: { text } } });
  expect(await plugin.ended).toEqual({ code: 0, signal: null });
});

withPython('writeOut() waits while stdout is full', () => {
  const options = { encoding: 'utf8', env: { ...process.env, OUTRIGGER_PLUGIN: 'test' }, timeout: 30_000 } as const;

  const { stdout, status } = spawnSync('python3', ['-c', FULL_PIPE, process.execPath, file], options);

  expect({ stdout, status }).toEqual({
    stdout: '{"jsonrpc":"2.0","id":1,"result":{}}\n{"jsonrpc":"2.0","id":2,"result":{}}\n',
    status: 0,
  });
});
