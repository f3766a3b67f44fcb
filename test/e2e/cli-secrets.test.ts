import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testWith } from '../support/needs.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CliPlace, MAIN } from './cli-place.ts';

let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

const SET = ['secrets', 'set', 'EXAMPLE_TOKEN', '--store', 'file'];
const file = (): string => place.path('home', '.config', 'outrigger', 'secrets.json');

function validate(definition: string, document: unknown): void {
  const ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'cli']) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
  }
  const check = ajv.getSchema(`urn:outrigger:schema:cli#/$defs/${definition}`);
  check?.(document);
  expect(check?.errors).toBe(null);
}

/** Runs with a value on stdin. */
function store(value: string, args: readonly string[] = SET): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--conditions=@outrigger/source', MAIN, ...args], { cwd: place.folder, env: place.env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(value);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

test('outrigger secrets set takes the value from stdin and never prints it', async () => {
  const { code, output } = await store('hush-hush\n');

  expect([code, output]).toEqual([0, 'stored EXAMPLE_TOKEN in home/.config/outrigger/secrets.json, which only you may read\n']);
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ EXAMPLE_TOKEN: 'hush-hush' });
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test('outrigger secrets set refuses a value among its arguments, and does not repeat it', async () => {
  const { code, output } = await store('', [...SET, 'hush-hush']);

  expect(code).toBe(2);
  expect(output).toContain('give its value on stdin');
  expect(output).not.toContain('hush-hush');
});

test.each([
  ['1TOKEN', 'value', 2],
  ['TOKEN', '', 1],
  ['TOKEN', 'x'.repeat(70_000), 2],
])('outrigger secrets set refuses %j with a value that cannot be kept', async (name, value, expected) => {
  const { code, output } = await store(value, ['secrets', 'set', name]);

  expect(code).toBe(expected);
  expect(output).toContain(`Cannot store secret "${name}"`);
});

test('outrigger secrets list names secrets and who is granted them, in a document of its schema', async () => {
  place.plugin('weather', { 'conda.pre_command': {} });
  const manifest = place.path('plugins', 'weather', 'plugin.json');
  const permissions = { secrets: ['EXAMPLE_TOKEN', { name: 'OTHER_TOKEN', hosts: ['api.example.com'] }] };
  writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(readFileSync(manifest, 'utf8')) as object), permissions }));
  await store('hush-hush');

  const { stdout } = await place.run(['secrets', 'list', '--json']);

  validate('secretsList', JSON.parse(stdout));
  expect(JSON.parse(stdout)).toEqual({
    file: file(),
    secrets: [
      { name: 'EXAMPLE_TOKEN', store: 'file', plugins: ['weather'] },
      { name: 'OTHER_TOKEN', store: 'missing', plugins: ['weather'] },
    ],
  });
  expect((await place.run(['secrets', 'list'])).stdout).toMatch(/EXAMPLE_TOKEN\s+file\s+weather\s+OTHER_TOKEN\s+missing\s+weather/);
});

test('outrigger secrets remove removes, and knows no other names', async () => {
  await store('hush-hush');

  const removed = await place.run(['secrets', 'remove', 'EXAMPLE_TOKEN', '--json']);
  const again = await place.run(['secrets', 'remove', 'EXAMPLE_TOKEN']);

  validate('secretsEdit', JSON.parse(removed.stdout));
  expect(JSON.parse(removed.stdout)).toEqual({ name: 'EXAMPLE_TOKEN', store: 'file', change: 'removed' });
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('no secret has this name, there are none')]);
});

test('outrigger secrets says how to mend a file that others may read', async () => {
  await store('hush-hush');
  chmodSync(file(), 0o644);

  for (const args of [['list'], ['remove', 'EXAMPLE_TOKEN']]) {
    const { code, stderr } = await place.run(['secrets', ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`chmod 600 ${file()}`)]);
  }
});

testWith('script', 'bsdutils')('outrigger secrets set asks at the terminal and does not show what is typed', async () => {
  const command = [process.execPath, '--conditions=@outrigger/source', MAIN, ...SET].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: place.folder, env: place.env });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  await waitUntil(() => shown.includes('(not shown): '), 'the question', 20_000);

  child.stdin.write('hushX\u007f-hush\r');
  await closed;

  expect(shown).toContain('stored EXAMPLE_TOKEN');
  expect(shown).not.toContain('hush');
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ EXAMPLE_TOKEN: 'hush-hush' });
});

/** Asks once, and gives its answer to the event so many milliseconds after the question, or before it. */
const asks = (how: { answersAfterMs?: number; asksAfterMs?: number }): string => `async () => {
  if (globalThis.asked) return {};
  globalThis.asked = true;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const ask = () => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: 'r', method: 'permission/request', params: { permissions: { services: ['storage'] }, reason: 'to remember' } }) + '\\n');
  void wait(${how.asksAfterMs ?? 0}).then(ask);
  await wait(${how.answersAfterMs ?? 0});
  return {};
}`;

/** Runs `outrigger run` of a command on a terminal of its own until `sign` is shown. */
async function onTerminal(words: readonly string[], sign: string, typed = ''): Promise<string> {
  const manifest = place.path('plugins', 'curious', 'plugin.json');
  const more = { optionalPermissions: { services: ['storage'] } };
  writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(readFileSync(manifest, 'utf8')) as object), ...more }));
  place.config({ plugins: { curious: { path: './plugins/curious', trust: 'full', grant: { services: [] } } } });
  const command = [process.execPath, '--conditions=@outrigger/source', MAIN, 'run', ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: place.folder, env: { ...place.env, NO_COLOR: '1' } });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  child.stdin.write(typed);
  try {
    await waitUntil(() => shown.includes(sign), `"${sign}"`, 20_000);
    return shown;
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}

testWith('script', 'bsdutils')('a plugin that asks for more is answered at the terminal', async () => {
  place.plugin('curious', { 'conda.pre_command': {} }, asks({ answersAfterMs: 4000 }));

  const shown = await onTerminal(['sleep', '20'], '[N]o: ');

  expect(shown).toContain('Plugin curious asks for more:');
  expect(shown).toContain('keep data of its own in the storage of the host');
  expect(shown).toContain('It says why: "to remember"');
});

testWith('script', 'bsdutils')('what is typed for a running command answers no question of a plugin', async () => {
  place.plugin('curious', { 'conda.pre_command': {} }, asks({ asksAfterMs: 1500 }));

  const shown = await onTerminal(['sleep', '20'], 'plugins trust curious --grant-optional', 'always\n');

  expect(shown).toContain('it asks for more while the command runs: no');
  expect(shown).not.toContain('[N]o');
});
