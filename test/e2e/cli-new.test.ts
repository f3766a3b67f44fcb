import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect } from 'vitest';
import { testWith } from '../support/needs.ts';
import { CliPlace, finished } from './cli-place.ts';

const run = promisify(execFile);
/** Compilers start from nothing. */
const timeout = 300_000;
/** Compilers keep their caches where the machine's own user has them. */
const env = process.env;
const HOOKS = ['conda.pre_command', 'conda.post_command', 'conda.on_exception'];
const README = readFileSync(new URL('../../sdk/README.md', import.meta.url), 'utf8');

const LANGUAGES: [language: string, program: string, debianPackage: string, test: [string, ...string[]]][] = [
  ['typescript', 'node', 'nodejs', ['node', '--test']],
  ['python', 'python3', 'python3', ['python3', '-B', '-m', 'unittest']],
  ['go', 'go', 'golang-go', ['go', 'test', '.']],
  ['rust', 'cargo', 'cargo', ['cargo', 'test', '--release', '--quiet']],
  ['bash', 'jq', 'jq', ['bash', 'test.sh']],
];
let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

for (const [language, program, debianPackage, [command, ...args]] of LANGUAGES) {
  testWith(program, debianPackage)(`outrigger new --lang ${language} writes a plugin that passes outrigger test`, { timeout }, async () => {
    const hooks = HOOKS.flatMap((hook) => ['--hook', hook]);
    const written = await place.run(['new', 'mine', '--lang', language, ...hooks, '--json'], { env });
    const said = written.stderr.split('\n').filter((line) => line !== '');
    // A compiler that has nothing in its cache takes its time, and the user is told.
    expect(said.filter((line) => !/^\{"time":"[^"]+","level":"info","message":"building the plugin in .*with make/.test(line))).toEqual([]);
    const { files, built } = JSON.parse(written.stdout) as { files: string[]; built: boolean };
    expect(built).toBe(true);
    expect(files).toEqual(expect.arrayContaining(['README.md', 'plugin.yaml']));
    expect(files.filter((file) => !existsSync(place.path('mine', file)))).toEqual([]);

    const { code, stdout } = await place.run(['test', 'mine', '--json'], { env });
    const { findings, ok } = JSON.parse(stdout);
    expect(findings.filter(({ status }: { status: string }) => status === 'fail')).toEqual([]);
    expect({ code, ok }).toEqual({ code: 0, ok: true });

    // Its own test passes, and the handlers say what their payloads hold.
    await run(command, args, { cwd: place.path('mine'), env });
    const texts = files.map((file) => readFileSync(place.path('mine', file), 'utf8')).join('\n');
    for (const field of ['unsetEnv (array, may be missing)', 'exitCode (integer', 'errorClasses (array)']) expect(texts).toContain(field);
  });
}

testWith('python3', 'python3')('the commands for a first plugin in sdk/README.md change a first event', async () => {
  const [, commands = ''] = /<!-- commands: first plugin -->\n```sh\n([\s\S]*?)```/.exec(README) ?? [];

  const { stdout, stderr, code } = await finished(place.shell(`set -e; ${commands.trim().replaceAll('\n', '; ')}`));

  expect(commands.trim().split('\n')).toHaveLength(3);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('from hello');
});
