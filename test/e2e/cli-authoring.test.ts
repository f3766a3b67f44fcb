import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testWith } from '../support/needs.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CliPlace, finished, type CliPlace as Place } from './cli-place.ts';

const ajv = new Ajv2020({ strict: false });
for (const name of ['trace', 'manifest', 'lock', 'cli']) {
  ajv.addSchema(JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
}
const SAYS_HELLO = `() => ({ action: 'modify', changes: { env: { HELLO: 'there' } } })`;
const LS = JSON.stringify({ command: 'ls', args: [] });
let place: Place;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

function conforms(definition: string, text: string): Record<string, unknown> {
  const document = JSON.parse(text) as Record<string, unknown>;
  const validate = ajv.getSchema(`urn:outrigger:schema:cli#/$defs/${definition}`);
  expect(validate?.(document), JSON.stringify(validate?.errors)).toBe(true);
  return document;
}

test('outrigger test judges a folder by its manifest, with no config', async () => {
  place.plugin('polite', { 'conda.pre_command': {} }, SAYS_HELLO);
  const judged = await place.run(['test', '--level', '1', 'plugins/polite', '--json']);
  // A loop over lines that parses each without a net dies of the first that is no JSON: the kit says so.
  expect(judged.code).toBe(1);
  const { findings, ...report } = conforms('test', judged.stdout);
  expect(report).toMatchObject({ plugin: 'polite', level: 1, why: 'level 1 was asked for', ok: false });
  const failed = (findings as { id: string; status: string; reason: string; exchange: { text: string }[] }[]).filter(
    ({ status }) => status === 'fail',
  );
  expect(failed.map(({ id }) => id)).toContain('W9');
  expect(failed.find(({ id }) => id === 'W9')?.reason).toContain('the process ended with code 1');
});

test('outrigger test prints a line for each requirement, and writes JUnit', async () => {
  const command = ['node', new URL('../conformance/sinner.mjs', import.meta.url).pathname, 'exits-badly'];
  const judged = await place.run(['test', '--hooks', 'conda.pre_command', '--junit', 'report.xml', '--', ...command]);
  expect(judged.code).toBe(1);
  expect(judged.stdout).toMatch(/^pass {2}W1 {3}answers "initialize" with a result$/m);
  expect(judged.stdout).toMatch(/^FAIL {2}W7 .*\n +the process ended with code 3 after "exit", not with code 0\n.*→ \{"jsonrpc"/m);
  expect(judged.stdout).toMatch(/^\d+ passed, 1 failed, \d+ not claimed, in [\d.]+ s$/m);
  const xml = readFileSync(place.path('report.xml'), 'utf8');
  expect(xml).toContain('<testsuites tests="26" failures="1"');
  expect(xml).toContain('<failure message="the process ended with code 3 after');
});

test.each([
  [['test', 'nowhere'], 'there is no folder "'],
  [['test', 'plugins/polite', 'more'], '"plugins/polite" is a folder; name one folder'],
  [['test', './outrigger.yaml'], 'may not be executed; run chmod +x, or name its interpreter'],
  [['test', 'plugins/polite', '--junit', 'no/such/folder.xml'], 'Cannot write the report'],
])('outrigger %s says what is wrong with the words', async (args, cause) => {
  place.plugin('polite', { 'conda.pre_command': {} });
  writeFileSync(place.path('outrigger.yaml'), '');
  const done = await place.run(args);
  expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining(cause) });
});

test.each([
  [['test', 'plugins/polite', '--hooks', 'conda.pre_command'], 'its manifest names its hook points'],
  [['test', '--sandbox', '--', 'node', 'x.mjs'], 'only a manifest says what it asks for'],
  [['test', '--level', '3', 'plugins/polite'], 'Allowed choices are 0, 1, 2'],
])('outrigger %s is a usage error', async (args, cause) => {
  place.plugin('polite', { 'conda.pre_command': {} });
  const done = await place.run(args);
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(cause);
});

test.each([
  [['test', 'nowhere'], /Cannot test "nowhere"/],
  [['new', 'Bad Name'], /Cannot name a plugin "Bad Name"/],
  [['new', 'fine', '--hook', 'conda.pre_comand'], /no catalog declares it; did you mean "conda.pre_command"/],
  [['new', 'taken'], /Cannot write a plugin into ".*taken": it is not empty/],
  [['replay', 'nowhere.jsonl', 'taken'], /Cannot read the recording ".*nowhere.jsonl"/],
  [['emit', 'conda.pre_command', '--payload', LS, '--record', 'no/such/folder'], /Cannot record into/],
])('outrigger %s fails in one sentence', async (args, message) => {
  mkdirSync(place.path('taken'));
  writeFileSync(place.path('taken', 'plugin.json'), '{}');
  const done = await place.run(args);
  expect(done).toMatchObject({ code: 1, stdout: '' });
  expect(done.stderr).toMatch(message);
  expect(done.stderr).not.toMatch(/^\s+at /m);
});

test('outrigger emit --record keeps what a plugin said, and outrigger replay finds where it differs', async () => {
  place.plugin('hello', { 'conda.pre_command': {} }, SAYS_HELLO);
  const emitted = await place.run(['emit', 'conda.pre_command', '--payload', LS, '--record', 'wire.jsonl']);
  expect(emitted.stderr).toBe('');
  const records = readFileSync(place.path('wire.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records[0]).toMatchObject({ kind: 'start', plugin: 'hello' });
  expect(
    records
      .map(({ from, message }) => message && `${from} ${message.method ?? 'answers'}`)
      .filter(Boolean)
      .slice(0, 4),
  ).toEqual(['host initialize', 'plugin answers', 'host hook/invoke', 'plugin answers']);

  const same = await place.run(['replay', 'wire.jsonl', 'plugins/hello', '--json']);
  expect(conforms('replay', same.stdout)).toMatchObject({ plugin: 'hello', same: true });
  expect(same.code).toBe(0);

  place.plugin('hello', { 'conda.pre_command': {} }, SAYS_HELLO.replace('there', 'you'));
  const other = await place.run(['replay', 'wire.jsonl', 'plugins/hello', '--json']);
  expect(other.code).toBe(1);
  expect(conforms('replay', other.stdout)).toMatchObject({ same: false, difference: { line: 5, pointers: ['/result/changes/env/HELLO'] } });
  const shown = await place.run(['replay', 'wire.jsonl', 'plugins/hello']);
  expect(shown.stdout).toMatch(
    /^hello differs at line 5: the answer with id 2, at \/result\/changes\/env\/HELLO\nrecorded .*there.*\nnow .*you/,
  );
});

test('outrigger run --record records the plugin that is named, and only it', async () => {
  place.plugin('first', { 'conda.pre_command': {} });
  place.plugin('second', { 'conda.pre_command': {} }, SAYS_HELLO);
  const done = await place.run(['run', '--record', 'wire.jsonl', '--record-plugin', 'second', '--', 'printenv', 'HELLO']);
  expect(done.stdout).toBe('there\n');
  const text = readFileSync(place.path('wire.jsonl'), 'utf8');
  expect(text).toContain('"plugin":"second"');
  expect(text).not.toContain('"first"');
});

test('outrigger dev --once prints every message, and keeps them', async () => {
  place.plugin('hello', { 'conda.pre_command': {} }, SAYS_HELLO);
  const done = await place.run(['dev', 'plugins/hello', '--once', '--record', 'wire.jsonl']);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(/^hello runs as process \d+; to debug it: put --inspect-brk before/);
  expect(done.stdout).toMatch(/→ .*"hook\/invoke"/);
  expect(done.stdout).toMatch(/← .*"HELLO":"there"/);
  expect(readFileSync(place.path('wire.jsonl'), 'utf8')).toContain('"kind":"end"');
  const json = await place.run(['dev', 'plugins/hello', '--once', '--json']);
  for (const line of json.stdout.trimEnd().split('\n')) conforms('exchanged', line);
});

test('outrigger dev starts the plugin anew when a file is saved, and fires what is typed', async () => {
  place.plugin('hello', { 'conda.pre_command': {} }, SAYS_HELLO);
  const child = place.start(['dev', 'plugins/hello']);
  const shown = follow(child);
  await shown.until(/"HELLO":"there"/);
  const source = readFileSync(place.path('plugins/hello/plugin.mjs'), 'utf8');
  writeFileSync(place.path('plugins/hello/plugin.mjs'), source.replace('there', 'again'));
  await shown.until(/plugin\.mjs changed: starting anew[\s\S]*"HELLO":"again"/);
  child.stdin?.write('conda.pre_command {"command":"typed","args":[]}\n');
  await shown.until(/→ .*"command":"typed"/);
  child.stdin?.write('conda.pre_command {oops\n');
  await shown.until(/Cannot fire "conda.pre_command": the payload is not JSON/);
  child.stdin?.write('no.hook\n');
  await shown.until(/Cannot fire "no.hook": the manifest names conda.pre_command/);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.stdin?.end();
  expect(await ended).toBe(0);
});

test('outrigger dev starts anew once at sed -i, and says nothing of the process that it replaced in the middle of a call', async () => {
  place.plugin('hello', { 'conda.pre_command': {} });
  const answering = (text: string): string =>
    `process.stdin.on('data', (chunk) => {
  const { id, method } = JSON.parse(chunk);
  if (method === 'initialize' || '${text}' === 'again') console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { metadata: { is: '${text}' } } }));
}).on('end', () => process.exit());`;
  writeFileSync(place.path('plugins/hello/plugin.mjs'), answering('never'));
  const child = place.start(['dev', 'plugins/hello']);
  const shown = follow(child);
  await shown.until(/→ .*"hook\/invoke"/);
  execFileSync('sed', ['-i', 's/never/again/g', place.path('plugins/hello/plugin.mjs')]);
  await shown.until(/"is":"again"[\s\S]*"is":"again"/);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.stdin?.end();
  expect(await ended).toBe(0);
  expect(shown.text().match(/^.*changed: starting anew$/gm)).toEqual(['plugin.mjs changed: starting anew']);
  expect(shown.text().match(/runs as process/g)).toHaveLength(2);
  expect(shown.text().split('starting anew')[1]?.split('runs as process')[0]).not.toMatch(/SIGKILL|no answer|ended/);
  expect(shown.text()).not.toMatch(/no answer/);
});

test('outrigger dev tells of a manifest that is broken, and goes on when it is mended', async () => {
  place.plugin('hello', { 'conda.pre_command': {} }, SAYS_HELLO);
  const manifest = place.path('plugins/hello/plugin.json');
  const good = readFileSync(manifest, 'utf8');
  const child = place.start(['dev', 'plugins/hello']);
  const shown = follow(child);
  await shown.until(/"HELLO":"there"/);
  appendFileSync(manifest, '}');
  await shown.until(/Cannot test "plugins\/hello"/);
  writeFileSync(manifest, good);
  await shown.until(/Cannot test[\s\S]*"HELLO":"there"/);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(existsSync(manifest)).toBe(true);
});

/** What a child prints, to wait for. */
function follow(child: ReturnType<Place['start']>): { until(pattern: RegExp): Promise<void>; text(): string } {
  let text = '';
  let wake = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      wake();
    });
  }
  return {
    text: () => text,
    async until(pattern) {
      const end = Date.now() + 20_000;
      while (!pattern.test(text)) {
        if (Date.now() > end) throw new Error(`${pattern} did not come within 20 s; there was:\n${text}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 200);
        });
      }
    },
  };
}

testWith('make', 'make')(
  'outrigger test says on stderr that it builds, when that takes its time',
  async () => {
    place.plugin('polite', { 'conda.pre_command': {} }, SAYS_HELLO);
    writeFileSync(place.path('plugins/polite/Makefile'), 'plugin:\n\tuntil [ -e told ]; do sleep 0.05; done\n');
    const judging = place.start(['test', '--level', '0', 'plugins/polite']);
    const done = finished(judging);
    let said = '';
    judging.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    await waitUntil(() => said !== '', 'the word that it builds');
    writeFileSync(place.path('plugins/polite/told'), '');
    const { stderr } = await done;
    expect(stderr).toBe(`outrigger: building the plugin in "${place.path('plugins/polite')}" with make: the first time may take minutes\n`);
  },
  30_000,
);
