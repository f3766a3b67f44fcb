import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliPlace, type Finished, finished } from './cli-place.ts';

const BIN = fileURLToPath(new URL('../../host/bin.mjs', import.meta.url));
let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

function bin(args: readonly string[], nodeArgs: readonly string[] = []): Promise<Finished> {
  return finished(spawn(process.execPath, [...nodeArgs, BIN, ...args], { cwd: place.folder, env: place.env }));
}

test.each(['12.20.0', '20.19.5', '22.17.1'])('bin.mjs says in one line that Node %s is too old', async (version) => {
  const pretend = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  expect(await bin(['run', 'true'], ['--import', pretend])).toEqual({
    code: 2,
    signal: null,
    stdout: '',
    stderr: `outrigger: Node ${version} is too old, install Node 22.18 or newer from https://nodejs.org\n`,
  });
});

test('bin.mjs runs the built command line', async () => {
  place.plugin('changes', { 'conda.pre_command': {} }, `() => ({ action: 'modify', changes: { env: { NEW: 'new' } } })`);
  expect(await bin(['run', '--', 'sh', '-c', 'echo $NEW; exit 9'])).toEqual({ code: 9, signal: null, stdout: 'new\n', stderr: '' });
});

test('bin.mjs keeps no compiled code below the folder it is called in, though XDG_CACHE_HOME is relative', async () => {
  const env = { ...place.env, XDG_CACHE_HOME: 'planted' };
  await finished(spawn(process.execPath, [BIN, '--version'], { cwd: place.folder, env }));

  expect(existsSync(join(place.folder, 'planted'))).toBe(false);
});

test('bin.mjs keeps compiled code, and none where everybody could put other code in its place', async () => {
  const cache = join(place.folder, 'cache');
  const args = { cwd: place.folder, env: { ...place.env, XDG_CACHE_HOME: cache } };
  mkdirSync(cache);
  chmodSync(cache, 0o777);
  await finished(spawn(process.execPath, [BIN, '--version'], args));
  expect(readdirSync(join(cache, 'outrigger/compiled'))).toEqual([]);

  chmodSync(cache, 0o755);
  await finished(spawn(process.execPath, [BIN, '--version'], args));
  expect(readdirSync(join(cache, 'outrigger/compiled'))).toHaveLength(1);
});

test('bin.mjs works in a home that cannot be made', async () => {
  const env = { ...place.env, HOME: '/dev/null/home' };
  const { code, stderr } = await finished(spawn(process.execPath, [BIN, '--version'], { cwd: place.folder, env }));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
