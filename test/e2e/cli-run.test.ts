import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliPlace, finished } from './cli-place.ts';

const ALL = { 'conda.pre_command': {}, 'conda.post_command': {}, 'conda.on_exception': {} };
let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

test('outrigger run passes 64 MiB from stdin to stdout byte by byte', async () => {
  place.plugin('listens', ALL);
  const bytes = randomBytes(64 * 1024 * 1024);
  writeFileSync(place.path('in'), bytes);
  const input = openSync(place.path('in'), 'r');
  const child = place.start(['run', '--', 'cat'], { stdio: [input, 'pipe', 'pipe'] });
  const hash = createHash('sha256');
  child.stdout?.on('data', (chunk: Buffer) => hash.update(chunk));
  const [code] = await once(child, 'close');
  closeSync(input);
  expect(code).toBe(0);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('outrigger run passes stdin through a pipe', async () => {
  expect(await place.run(['run', 'cat'], { input: 'a\0b\n' })).toMatchObject({ code: 0, stdout: 'a\0b\n', stderr: '' });
});

test('outrigger run leaves the three streams blocking, as programs expect them', async () => {
  place.plugin('listens', ALL);
  const flags = `grep -h flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2`;
  const { stdout } = await finished(place.shell(`(sleep 0.1; echo in) | outrigger run -- sh -c '${flags}; cat' 2>&1 | cat`));
  const lines = stdout.trimEnd().split('\n');
  expect(lines.pop()).toBe('in');
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(Number.parseInt(line.slice('flags:'.length).trim(), 8) & constants.O_NONBLOCK).toBe(0);
});

test.each([0, 1, 2, 3, 77, 126, 127, 128, 130, 255])('outrigger run returns exit code %i of the command', async (code) => {
  expect(await place.run(['run', '--', 'sh', '-c', `exit ${code}`])).toEqual({ code, signal: null, stdout: '', stderr: '' });
});

test('outrigger run leaves options behind the command to the command', async () => {
  const { stdout } = await place.run([
    'run',
    '--quiet',
    'node',
    '-p',
    'process.argv.slice(1).join()',
    '--',
    '--json',
    '--',
    '--version',
    '-x',
  ]);
  expect(stdout).toBe('--json,--,--version,-x\n');
});

test('outrigger run gives the command exactly the environment it got itself', async () => {
  place.plugin('listens', ALL);
  const env = { ...place.env, EMPTY: '', SPACES: ' a\nb ', OUTRIGGER_DATA_DIR: place.path('data') };
  const { stdout } = await place.run(['run', 'node', '-p', 'JSON.stringify(process.env)'], { env });
  expect(JSON.parse(stdout)).toEqual(env);
});

test('outrigger run fires pre_command and post_command in one operation', async () => {
  place.plugin('listens', ALL);
  expect(await place.run(['run', '/bin/echo', 'a', 'b c'])).toMatchObject({ code: 0, stdout: 'a b c\n', stderr: '' });
  const [before, after, ...more] = place.events('listens');
  expect(before).toMatchObject({
    hook: 'conda.pre_command',
    payload: { command: 'echo', args: ['a', 'b c'], cwd: place.folder, env: {}, unsetEnv: [] },
  });
  expect(after).toMatchObject({ hook: 'conda.post_command', payload: { command: 'echo', args: ['a', 'b c'], exitCode: 0 } });
  expect(before?.context.operation).toBeDefined();
  expect(after?.context.operation).toBe(before?.context.operation);
  expect(more).toEqual([]);
});

test('outrigger run does not run a command that a plugin blocks', async () => {
  place.plugin('protect', ALL, `() => ({ action: 'block', violation: { code: 'no-touch', reason: 'touch is not\\u001b[2J allowed' } })`);
  const done = await place.run(['run', 'touch', 'made']);
  expect(done).toMatchObject({ code: 3, stdout: '', stderr: 'outrigger: blocked by protect: touch is not\\e[2J allowed (no-touch)\n' });
  expect(existsSync(place.path('made'))).toBe(false);
  expect(place.events('protect')).toHaveLength(1);
});

test('outrigger run says so when the command is blocked because a plugin failed', async () => {
  place.plugin('dies', { 'conda.pre_command': {} }, '() => process.exit(3)');
  const done = await place.run(['run', 'touch', 'made']);
  expect(done.code).toBe(3);
  expect(done.stderr).toMatch(/^outrigger: blocked because dies failed: /m);
  expect(existsSync(place.path('made'))).toBe(false);
});

test('outrigger run answers in place of a command that a plugin replaces', async () => {
  place.plugin('answers', ALL, `() => ({ action: 'replace', value: { exitCode: 9, stdout: 'out\\n', stderr: 'err' } })`);
  expect(await place.run(['run', 'touch', 'made'])).toMatchObject({ code: 9, stdout: 'out\n', stderr: 'err' });
  expect(existsSync(place.path('made'))).toBe(false);
});

test('outrigger run runs the command with the arguments, environment and folder that plugins left', async () => {
  mkdirSync(place.path('other'));
  place.plugin(
    'changes',
    { 'conda.pre_command': {} },
    `(p) => ({ action: 'modify', changes: { args: [...p.args, 'added'], cwd: 'other', env: { NEW: 'new' }, unsetEnv: ['OLD'] } })`,
  );
  const script = 'JSON.stringify([process.argv.slice(1), process.cwd(), process.env.NEW, process.env.OLD ?? null])';
  const { stdout } = await place.run(['run', 'node', '-p', script], { env: { ...place.env, OLD: 'old' } });
  expect(JSON.parse(stdout)).toEqual([['added'], place.path('other'), 'new', null]);
});

test('outrigger run still runs the program that was asked for when a plugin changes the folder', async () => {
  for (const folder of ['bin', 'other', 'other/bin']) mkdirSync(place.path(folder));
  writeFileSync(place.path('bin/tool'), '#!/bin/sh\necho mine\n', { mode: 0o755 });
  writeFileSync(place.path('other/bin/tool'), '#!/bin/sh\necho theirs\n', { mode: 0o755 });
  place.plugin('moves', { 'conda.pre_command': {} }, `() => ({ action: 'modify', changes: { cwd: 'other' } })`);
  expect(await place.run(['run', './bin/tool'])).toMatchObject({ code: 0, stdout: 'mine\n' });
});

test('outrigger run tells on_exception how the command failed, with the last lines of its stderr', async () => {
  place.plugin('watches', { 'conda.on_exception': {} });
  const script = 'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i >&2; done; printf "the end" >&2; exit 5';
  const done = await place.run(['run', '--', 'sh', '-c', script]);
  expect(done).toMatchObject({ code: 5, stdout: '' });
  expect(done.stderr).toBe(`${Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`).join('')}the end`);
  const [event] = place.events('watches');
  expect(event?.payload).toMatchObject({
    command: 'sh',
    error: 'CommandExitError',
    errorClasses: ['CommandExitError', 'CommandError', 'Exception'],
    message: 'Command "sh" ended with exit code 5',
    exitCode: 5,
  });
  expect(event?.payload['stderr']).toEqual([...Array.from({ length: 19 }, (_, i) => `line ${i + 12}`), 'the end']);
});

test('outrigger run does not hold back for a process the command left behind', async () => {
  place.plugin('watches', { 'conda.on_exception': {} });
  const child = place.start(['run', '--', 'sh', '-c', 'sleep 300 >/dev/null & echo $! > left; echo gone >&2; exit 4']);
  const [code] = await once(child, 'exit');
  const left = Number(readFileSync(place.path('left'), 'utf8'));
  expect(code).toBe(4);
  expect(process.kill(left, 'SIGKILL')).toBe(true);
  expect(place.events('watches')[0]?.payload['stderr']).toEqual(['gone']);
});

test('outrigger run keeps the order of lines when stdout and stderr are one pipe', async () => {
  place.plugin('watches', { 'conda.on_exception': {} });
  const script = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo o$i; echo e$i >&2; done; exit 1';
  const { stdout } = await finished(place.shell(`outrigger run -- sh -c '${script}' 2>&1 | cat`));
  expect(stdout).toBe(Array.from({ length: 300 }, (_, i) => `o${i + 1}\ne${i + 1}\n`).join(''));
  expect(place.events('watches')[0]?.payload['stderr']).toEqual([]);
});

test('outrigger run reports a command that is not there, and returns 127', async () => {
  place.plugin('watches', { 'conda.on_exception': {} });
  const done = await place.run(['run', 'no-such-command']);
  expect(done).toMatchObject({ code: 127, stderr: 'outrigger: Cannot run "no-such-command": it was not found on the PATH\n' });
  expect(place.events('watches')[0]?.payload).toMatchObject({
    error: 'CommandNotFoundError',
    errorClasses: ['CommandNotFoundError', 'CommandError', 'Exception'],
  });
});

test.each([
  ['a file without the right to run', './file', 'it is not executable'],
  ['a folder', './folder', 'it is a folder'],
  ['a script whose interpreter is missing', './script', 'the interpreter its first line names does not exist'],
])('outrigger run returns 126 for %s', async (_case, command, cause) => {
  place.plugin('watches', { 'conda.on_exception': {} });
  writeFileSync(place.path('file'), 'x', { mode: 0o644 });
  mkdirSync(place.path('folder'));
  writeFileSync(place.path('script'), '#!/no/such/interpreter\n', { mode: 0o755 });
  expect(await place.run(['run', command])).toMatchObject({ code: 126, stderr: `outrigger: Cannot run "${command}": ${cause}\n` });
  expect(place.events('watches')[0]?.payload['error']).toBe('CommandStartError');
});

test('outrigger run starts no plugin that does not hear what happens', async () => {
  place.plugin('watches', { 'conda.on_exception': {} });
  place.plugin('other', { 'conda.pre_command': { match: { command: 'git' } } });
  expect(await place.run(['run', 'true'])).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  expect([place.hasStarted('watches'), place.hasStarted('other')]).toEqual([false, false]);
});

test.each([
  [['--no-plugins', 'run', 'true'], {}],
  [['run', '--no-plugins', 'true'], {}],
  [['--without', 'x', 'run', '--without', 'protect', 'true'], {}],
  [['run', 'true'], { OUTRIGGER_NO_PLUGINS: '1' }],
])('outrigger %j %j runs without the plugin', async (args, env) => {
  place.plugin('protect', ALL, `() => ({ action: 'block', violation: { code: 'no', reason: 'no' } })`);
  expect(await place.run(args, { env: { ...place.env, ...env } })).toMatchObject({ code: 0 });
  expect(place.hasStarted('protect')).toBe(false);
});

test('outrigger run warns of a broken plugin in one line and goes on', async () => {
  place.plugin('broken', ALL);
  writeFileSync(place.path('plugins/broken/plugin.json'), '{\n  "name": "broken",\n  "versoin": "1"\n}');
  const done = await place.run(['run', 'echo', 'on']);
  expect(done).toMatchObject({ code: 0, stdout: 'on\n' });
  expect(done.stderr).toMatch(/^outrigger: \[broken\] warning: plugins\/broken\/plugin\.json:\d+:\d+: /);
});

test('outrigger run works where the config has no conda catalog', async () => {
  place.config({ catalogs: [] });
  expect(await place.run(['run', 'echo', 'on'])).toMatchObject({ code: 0, stdout: 'on\n' });
});

test('outrigger run waits until a plugin in the background has heard of the end', async () => {
  place.plugin('log', { 'conda.post_command': { mode: 'fire_and_forget' }, 'conda.on_exception': { mode: 'fire_and_forget' } });
  await place.run(['run', 'true']);
  await place.run(['run', 'false']);
  expect(place.events('log').map(({ hook }) => hook)).toEqual(['conda.post_command', 'conda.on_exception']);
});

test('outrigger run leaves no plugin process behind', async () => {
  place.plugin('listens', ALL);
  await place.run(['run', 'true']);
  const pid = Number(readFileSync(place.path('plugins/listens/started'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('outrigger run loads no YAML, no schema compiler and no printing of tables', async () => {
  place.plugin('listens', ALL);
  writeFileSync(place.path('outrigger.yaml'), 'plugins: { listens: { path: ./plugins/listens, trust: full } }');
  const hooks = `import { registerHooks } from 'node:module'; import { appendFileSync } from 'node:fs';
    registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(place.path('loaded'))}, url + '\\n'); return next(url, context); } });`;
  writeFileSync(place.path('hooks.mjs'), hooks.replaceAll('\\\\n', '\\n'));
  await place.run(['run', 'true']);
  const env = { ...place.env, NODE_OPTIONS: `--import ${place.path('hooks.mjs')}` };
  expect(await place.run(['run', '--', 'true'], { env })).toMatchObject({ code: 0, stderr: '' });
  const loaded = readFileSync(place.path('loaded'), 'utf8');
  expect(loaded).toContain('/host/command/run-command.ts');
  expect(loaded).not.toMatch(/node_modules\/(yaml|ajv)\/|print\/table/);
});
