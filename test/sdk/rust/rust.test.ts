import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folderTarget } from '../../../host/conformance/make-target.ts';
import { runChecks } from '../../../host/conformance/run-checks.ts';
import { generate } from '../../../sdk/rust/generate.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { PluginProcess } from '../typescript/plugin-process.ts';
import { buildPlugin, cargo, ROOT, RUST_TIMEOUT, SDK, testWithRust, testWithRustfmt } from './rust.ts';

const PROBE = `${ROOT}test/sdk/rust/probe`;
const generated = Object.entries(generate());
const readme = readFileSync(`${SDK}README.md`, 'utf8');
const shown = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)\n```/gs)].map(([, file, text]) => [file, text] as const);

test.each(generated)('generate() makes sdk/rust/%s as it is; run `node sdk/rust/generate.ts` when it does not', (file, text) => {
  expect(readFileSync(`${SDK}${file}`, 'utf8')).toBe(text);
});

test.each(shown)('sdk/rust/README.md shows %s as it is', (file, text) => {
  expect(`${text}\n`).toBe(readFileSync(`${ROOT}${file}`, 'utf8'));
});

test('sdk/rust/README.md names every public field and method of events, hosts, answers, plugins and tests', () => {
  const files = ['answer', 'event', 'fetch', 'host', 'plugin', 'scope', 'testing', 'testing/builder'];
  const names = files.flatMap((file) => [
    ...readFileSync(`${SDK}src/${file}.rs`, 'utf8').matchAll(/^ {4}pub (?:fn )?(?!\(|crate)([a-z]\w+)/gm),
  ]);

  expect(names.length).toBeGreaterThan(40);
  expect(names.map(([, name = '']) => name).filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
});

testWithRustfmt('the Rust SDK and its plugins are formatted', RUST_TIMEOUT, async () => {
  for (const folder of [SDK, PROBE, `${ROOT}sample-plugins/rust-hello`]) expect(await cargo(folder, ['fmt', '--check'])).toBe('');
});

testWithRust('the Rust SDK passes its own tests', RUST_TIMEOUT, async () => {
  expect(await cargo(SDK, ['test', '--locked', '--quiet'])).not.toMatch(/warning|0 passed; 0 failed; 0 ignored; 0 measured; [1-9]/);
});

testWithRust('the Rust SDK stands on serde and serde_json alone', RUST_TIMEOUT, async () => {
  const direct = await cargo(SDK, ['tree', '--locked', '--quiet', '--depth', '1', '--prefix', 'none', '--format', '{lib}']);

  expect(direct.trim().split('\n').sort()).toEqual(['outrigger', 'serde', 'serde_json']);
});

testWithRust('the Rust SDK meets every requirement in the sandbox', RUST_TIMEOUT, async () => {
  const folder = await buildPlugin(PROBE, 'probe-rust');
  const report = await runChecks(await folderTarget(folder, { cwd: folder, env: process.env, cacheDir: folder, isConfined: true }), {
    level: 2,
  });

  expect(report.findings.filter(({ status }) => status !== 'pass')).toEqual([]);
});

testWithRust('a panic is an error answer with place and stack in the log, and the process lives on', RUST_TIMEOUT, async () => {
  const plugin = await started();

  expect((await plugin.invoke('probe.call', { do: 'panic' })).error).toMatchObject({
    code: -32603,
    message: expect.stringMatching(/^panic at src\/main\.rs:\d+:\d+: the payload says so$/),
  });
  expect(plugin.sent('log')).toMatchObject([
    { level: 'error', event: 'event-1', fields: { location: expect.stringContaining('main.rs'), stack: expect.stringContaining('probe') } },
  ]);
  expect((await plugin.request('ping'))['result']).toEqual({});
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});

testWithRust('a request is given up with its event, the host is told, and a late answer does no harm', RUST_TIMEOUT, async () => {
  const plugin = await started();
  const asked = () => plugin.messages.find((message) => message['method'] === 'storage/set');
  const answer = plugin.invoke('probe.call', { do: 'storage', value: 1 });
  await waitUntil(() => asked() !== undefined, 'a request to the storage');

  plugin.notify('$/cancelRequest', { id: answer.id });

  expect((await answer).error).toMatchObject({ code: -32800 });
  expect(plugin.sent('$/cancelRequest')).toEqual([{ id: asked()?.id }]);
  plugin.send({ id: asked()?.id, result: {} });
  expect((await plugin.request('ping'))['result']).toEqual({});
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});

testWithRust(
  'nothing that is printed, by the plugin or its children, and nothing that they read, touches the wire',
  RUST_TIMEOUT,
  async () => {
    const plugin = await started();

    expect((await plugin.invoke('probe.call', { do: 'child' }))['result']).toEqual({});
    expect((await plugin.invoke('probe.call', { do: 'print' }))['result']).toEqual({});

    await plugin.stop();
    expect(plugin.stray).toEqual([]);
    expect(plugin.stderr).toBe('printed while starting\nprinted by a child\nprinted\n');
  },
);

testWithRust.each([
  ['end of stdin', (plugin: PluginProcess) => plugin.child.stdin.end()],
  ['SIGTERM', (plugin: PluginProcess) => plugin.child.kill('SIGTERM')],
  ['exit', (plugin: PluginProcess) => plugin.notify('exit')],
] as const)('the process ends within two seconds of %s, also when a handler ignores it', RUST_TIMEOUT, async (_what, end) => {
  const plugin = await started();
  void plugin.invoke('probe.call', { do: 'stuck' });
  await plugin.request('ping');
  plugin.child.kill('SIGINT');
  await plugin.request('ping');

  const before = performance.now();
  end(plugin);

  expect(await plugin.ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - before).toBeLessThan(2000);
});

testWithRust('more events than threads all get their answer, with Content-Length too', RUST_TIMEOUT, async () => {
  const plugin = await started({ headers: true });

  const answers = await Promise.all(Array.from({ length: 300 }, () => plugin.invoke('probe.call', { do: 'wait', ms: 1 })));

  expect(answers.map(({ result }) => result)).toEqual(Array.from({ length: 300 }, () => ({})));
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});

async function started(options: { headers?: boolean } = {}): Promise<PluginProcess> {
  const folder = await buildPlugin(PROBE, 'probe-rust');
  const plugin = new PluginProcess(`${folder}/plugin`, [], { cwd: folder, ...options });
  await plugin.initialize({}, { hooks: ['probe.call'] });
  return plugin;
}
