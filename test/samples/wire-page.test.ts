import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HookMap } from '@outrigger/schemas';
import { expect, onTestFinished, test } from 'vitest';
import { createHost } from '../../host/daemon/host.ts';
import { PluginProcess } from '../sdk/typescript/plugin-process.ts';
import { waitUntil } from '../support/wait-until.ts';
import { SAMPLES } from './samples.ts';

const PAGE = readFileSync(new URL('../../schemas/README.md', import.meta.url), 'utf8');
const SAMPLE = new URL('../../sample-plugins/env-inject', import.meta.url).pathname;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
}

interface Line {
  readonly isFromHost: boolean;
  readonly text: string;
}

/** The lines of the exchange on the page, with and without headers. */
const [plain = [], framed = []] = [...PAGE.matchAll(/^```\n(→ [\s\S]*?)\n```$/gm)].map(([, text = '']) =>
  text.split('\n').map((line): Line => ({ isFromHost: line.startsWith('→'), text: line.slice(2) })),
);
const read = (text: string): Message => JSON.parse(text) as Message;
const messages = plain.map(({ isFromHost, text }) => ({ isFromHost, ...read(text) }));
const fromHost = messages.filter(({ isFromHost }) => isFromHost);
const fromPlugin = messages.filter(({ isFromHost }) => !isFromHost);
const paramsOf = (method: string, among: readonly Message[]): Record<string, unknown> =>
  among.find((message) => message.method === method)?.params ?? {};

test('sdk/WIRE.md shows files as they are', () => {
  const guide = readFileSync(new URL('../../sdk/WIRE.md', import.meta.url), 'utf8');
  const shown = [...guide.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?\n)```/gs)];

  expect(shown).toHaveLength(2);
  for (const [, file = '', text] of shown) expect(text).toBe(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
});

test('no sample that sdk/WIRE.md counts has more than 40 lines', () => {
  for (const name of Object.keys(SAMPLES)) {
    const folder = new URL(`../../sample-plugins/${name}/`, import.meta.url);
    const program = readdirSync(folder).find((file) => /^plugin\.(?!yaml$)\w+$/i.test(file)) ?? '';
    const lines = readFileSync(new URL(program, folder), 'utf8').trimEnd().split('\n').length;

    // Python's is the oldest and does more than the others.
    expect(lines, name).toBeLessThanOrEqual(name === 'python-hello' ? 44 : 40);
  }
});

test.each([
  ['lines', plain],
  ['Content-Length headers', framed],
])('a plugin takes the whole exchange on the page, with %s', async (framing, lines) => {
  const plugin = new PluginProcess(process.execPath, ['plugin.ts'], { cwd: SAMPLE, headers: framing !== 'lines' });
  onTestFinished(() => void plugin.child.kill('SIGKILL'));
  const answers = plugin.messages as readonly Message[];
  let awaited = 0;
  for (const { isFromHost, text } of lines) {
    if (isFromHost) plugin.raw(framing === 'lines' ? `${text}\n` : text.replace(/\\r\\n$/, '\r\n'));
    else if (text.startsWith('{')) awaited += 1;
    await waitUntil(() => answers.length >= awaited, `answer ${awaited}`);
  }

  expect(await plugin.ended).toEqual({ code: 0, signal: null });
  expect(answers.map(({ id }) => id)).toEqual(fromPlugin.map(({ id }) => id));
  // The sample sets the variable; that it may take a field away is shown on the page only.
  const env = { PIP_INDEX_URL: 'https://pypi.example/simple' };
  for (const said of [answers, fromPlugin]) expect(said[1]?.result).toMatchObject({ action: 'modify', changes: { env } });
  expect(plugin.stray).toEqual([]);
});

test('the host says what the page has it say, and takes what the page has a plugin answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-wire-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const answerOf = ({ id }: Message): unknown => fromPlugin.find((answer) => answer.id === id);
  const answers = Object.fromEntries(fromHost.map((message) => [message.method, answerOf(message)]));
  writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
  copyFileSync(new URL('parrot.mjs', import.meta.url), join(folder, 'parrot.mjs'));
  const hello = paramsOf('initialize', fromHost) as { plugin: { name: string; version: string }; config: Record<string, unknown> };
  const hooks = { 'conda.pre_command': {}, 'conda.post_command': { mode: 'fire_and_forget' } };
  const manifest = { ...hello.plugin, runtime: { command: 'node', args: ['parrot.mjs'] }, hooks, configSchema: { type: 'object' } };
  writeFileSync(join(folder, 'plugin.json'), JSON.stringify(manifest));

  const plugins = { [hello.plugin.name]: { path: folder, trust: 'full' as const, config: hello.config } };
  const env = { PATH: process.env['PATH'], HOME: folder };
  const host = await createHost({ config: { catalogs: ['conda'], plugins }, cwd: folder, env });
  onTestFinished(() => host.close());
  const session = host.session({ id: 's-1' });
  const operation = session.operation('op-7');
  type Payload<K extends keyof HookMap> = HookMap[K]['payload'];
  const asked = paramsOf('hook/invoke', fromHost)['payload'] as Payload<'conda.pre_command'>;
  const outcome = await operation.emit('conda.pre_command', asked);
  await operation.emit('conda.post_command', paramsOf('hook/notify', fromHost)['payload'] as Payload<'conda.post_command'>);
  await host.close();

  const { cwd: _removed, ...kept } = asked;
  expect(outcome).toMatchObject({ status: 'continued', payload: { ...kept, env: { PIP_INDEX_URL: 'https://pypi.example/simple' } } });
  expect(outcome.payload).not.toHaveProperty('cwd');
  const heard = readFileSync(join(folder, 'heard.jsonl'), 'utf8').trimEnd().split('\n').map(read);
  const told = fromHost.filter(({ method }) => method !== 'ping');
  expect(heard.map(({ method }) => method)).toEqual(told.map(({ method }) => method));
  for (const { method = '' } of told) expect(shapeOf(paramsOf(method, fromHost)), method).toEqual(shapeOf(paramsOf(method, heard)));
});

/** Names of all members with the kind of their values; what a value is depends on the day and on the plugin. */
function shapeOf(members: object): object {
  const kindOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return 'list';
    return typeof value === 'object' && value !== null ? shapeOf(value) : typeof value;
  };
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, kindOf(value)]));
}
