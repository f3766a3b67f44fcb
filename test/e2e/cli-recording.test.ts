import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliPlace } from './cli-place.ts';

const LS = JSON.stringify({ command: 'ls', args: [] });
let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
  place.plugin('hello', { 'conda.pre_command': {} });
});

afterEach(() => place.remove());

test('outrigger run --record-plugin refuses a name that no plugin has, and runs nothing', async () => {
  const done = await place.run(['run', '--record', 'r', '--record-plugin', 'nope', '--', 'touch', 'made']);

  expect(done).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Cannot record plugin "nope": no plugin has this name; there are hello'),
  });
  expect(existsSync(place.path('made'))).toBe(false);
  expect(existsSync(place.path('r'))).toBe(false);
});

test('outrigger run --record-plugin without --record is a usage error', async () => {
  const done = await place.run(['run', '--record-plugin', 'hello', '--', 'true']);

  expect(done).toMatchObject({ code: 2, stderr: expect.stringContaining('Cannot use --record-plugin without --record') });
});

test('outrigger emit --record warns when nothing was recorded, and leaves no file', async () => {
  place.plugin('other', { 'conda.post_command': {} });

  const done = await place.run(['emit', 'conda.pre_command', '--payload', LS, '--record', 'r', '--record-plugin', 'other']);

  expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('Recorded nothing into "r": nothing was said to plugin "other"') });
  expect(existsSync(place.path('r'))).toBe(false);
});

test.each([
  ['run', '--record', 'plugins/hello/plugin.json', '--', 'touch', 'made'],
  ['dev', 'plugins/hello', '--once', '--record', 'plugins/hello/plugin.json'],
])('outrigger %s --record refuses to write over what is no recording', async (...args) => {
  const before = readFileSync(place.path('plugins/hello/plugin.json'), 'utf8');

  const done = await place.run(args);

  expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('it holds something that is no recording') });
  expect(readFileSync(place.path('plugins/hello/plugin.json'), 'utf8')).toBe(before);
  expect(existsSync(place.path('made'))).toBe(false);
});

test('outrigger dev --once fails when it cannot record', async () => {
  const done = await place.run(['dev', 'plugins/hello', '--once', '--record', 'no/such/folder']);

  expect(done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Cannot record into') });
  expect(place.hasStarted('hello')).toBe(false);
});

test.each([
  ['plugin.mjs', 'process.exit(3)', 'the process ended with code 3'],
  ['plugin.json', '{}', 'Cannot test "plugins/hello"'],
  ['plugin.mjs', declining('{ disable: "no licence" }'), 'hello declined: no licence'],
])('outrigger dev --once fails when %s is %s', async (file, text, why) => {
  writeFileSync(place.path('plugins/hello', file), text);

  const done = await place.run(['dev', 'plugins/hello', '--once']);

  expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
});

function declining(result: string): string {
  return `process.stdin.once('data', () => console.log(JSON.stringify({ jsonrpc: '2.0', id: 1, result: ${result} })))`;
}
