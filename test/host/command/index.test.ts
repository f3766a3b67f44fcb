import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as command from 'outrigger/command';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./program/greet.ts', import.meta.url));
let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'outrigger-greet-'));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const greet = async (...args: string[]): Promise<{ stdout: string; code: number }> => {
  const running = promisify(execFile)(process.execPath, ['--conditions=@outrigger/source', PROGRAM, ...args], { cwd, encoding: 'utf8' });
  return running.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    ({ stdout, code }: { stdout: string; code: number }) => ({ stdout, code }),
  );
};

test('outrigger/command exports the markers, the factories and initiate()', () => {
  const markers = ['DEFAULT', 'NOTHING', 'SHARED'];
  const factories = [
    'addFlag',
    'addPathFlags',
    'callMethod',
    'callWithConfigs',
    'callWithNamedConfigs',
    'loadConfigs',
    'overrideConfigs',
    'preload',
  ];
  expect(Object.keys(command).sort()).toEqual(['CommandExit', 'HostError', ...markers, ...factories, 'exit', 'initiate'].sort());
});

test('the program of the README runs, keeps its config, ends in order and refuses a wrong argument', async () => {
  expect(await greet('greet', 'times=2')).toEqual({ stdout: 'hello hello\n', code: 0 });
  expect(await readFile(join(cwd, 'greeting.yaml'), 'utf8')).toBe('word: hello\ntimes: 1\n');
  await writeFile(join(cwd, 'other.json'), '{"word": "hi"}');
  expect(await greet('greet', '--greeting-path', 'other', 'greet::times=2')).toEqual({ stdout: 'hi hi\n', code: 0 });
  expect(await greet('greet', '--dry-run')).toEqual({ stdout: 'would run greet\n', code: 0 });
  expect(await greet('greet', 'time=2')).toEqual({
    stdout: 'Cannot use argument "time=2": no config has the key "time"; did you mean "times"?\n',
    code: 2,
  });
  expect(await greet('--help')).toMatchObject({ stdout: expect.stringContaining('Greets.'), code: 0 });
});

test('the README of host/command shows the program as it is', async () => {
  const readme = await readFile(new URL('../../../host/command/README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`\`\`\`ts\n${await readFile(PROGRAM, 'utf8')}\`\`\``);
});
