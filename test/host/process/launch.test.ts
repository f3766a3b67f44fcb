import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeExit, knowsDeathSignal, launch, launchCommand } from '../../../host/process/launch.ts';
import { terminate } from '../../../host/process/terminate.ts';
import type { Child, Exit } from '../../../host/process/types.ts';
import { testWith } from '../../support/needs.ts';
import { isAlive } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

const children: Child[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.signal('SIGKILL');
});

function start(command: string, args: readonly string[], more: { cwd?: string; env?: Record<string, string> } = {}): Child {
  const child = launch({ plugin: 'test', command, args, cwd: more.cwd ?? '/', env: more.env ?? {} });
  children.push(child);
  return child;
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

test('launch() hands over arguments, folder and exactly the given environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-launch-'));
  const script = 'process.stdout.write(JSON.stringify([process.argv.slice(1), process.cwd(), process.env]))';

  const child = start(process.execPath, ['-e', script, '--', 'a b', '$HOME'], { cwd: folder, env: { ONLY: 'this' } });
  const said = await textOf(child.stdout);

  expect(JSON.parse(said)).toEqual([['a b', '$HOME'], folder, { ONLY: 'this' }]);
  expect(await child.exited).toEqual({ code: 0 });
  await rm(folder, { recursive: true });
});

test('launch() reports exit codes and signals', async () => {
  const coded = start('/bin/sh', ['-c', 'exit 3']);
  const killed = start('/bin/sh', ['-c', 'kill -SEGV $$']);

  expect(await coded.exited).toEqual({ code: 3 });
  expect(await killed.exited).toEqual({ signal: 'SIGSEGV' });
});

test.for([
  ['/no/such/program', 'ENOENT'],
  [tmpdir(), 'EACCES'],
] as const)('launch() of "%s" never throws: the spawn error is the exit', async ([command, code]) => {
  const child = start(command, []);
  child.stdin.write('nobody reads this');

  expect(await child.exited).toEqual({ error: expect.objectContaining({ code }) });
  expect(child.pid).toBeUndefined();
  expect(child.signal('SIGTERM')).toBe(false);
});

test('launch() turns what execa refuses into an exit', async () => {
  const child = start('/bin/echo', ['a\0b']);

  const exit: Exit = await child.exited;

  expect(exit.error?.message).toContain('null bytes');
});

test('launch() makes a leader of a process group that dies with it, however many pipes a grandchild holds', async () => {
  const child = start('/bin/sh', ['-c', 'sleep 600 & echo $!; exit 0']);
  const grandchild = Number(await textOf(child.stdout));

  expect(await child.exited).toEqual({ code: 0 });
  await waitUntil(() => !isAlive(grandchild), 'the grandchild to be dead');
  expect(child.signal('SIGKILL')).toBe(false);
});

test('terminate() asks with SIGTERM and settles at the exit', async () => {
  const child = start(process.execPath, [
    '-e',
    'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); console.log(1)',
  ]);
  await new Promise((resolve) => child.stdout.once('data', resolve));

  expect(await terminate(child, 10_000)).toEqual({ code: 7 });
});

test('terminate() kills the whole group when SIGTERM is ignored', async () => {
  const child = start('/bin/sh', ['-c', 'trap "" TERM; sleep 600 & echo $!; wait']);
  const grandchild = Number(await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve)));

  expect(await terminate(child, 100)).toEqual({ signal: 'SIGKILL' });
  await waitUntil(() => !isAlive(grandchild), 'the grandchild to be dead');
});

test('launch() gives what is to be read on descriptors from 3 on, each from its start, and leaves a pipe open for what is not', async () => {
  const large = Buffer.alloc(300_000, 'x');
  const pipes = [Buffer.from('one '), undefined, large];

  const child = launch({ plugin: 'test', command: '/bin/sh', args: ['-c', 'cat <&3; wc -c <&5; cat <&4 >&2'], cwd: '/', env: {}, pipes });
  children.push(child);
  child.pipes[1]?.end('told');

  expect(child.pipes.map((pipe) => pipe === undefined)).toEqual([true, false, true]);
  expect(await Promise.all([textOf(child.stdout), textOf(child.stderr)])).toEqual(['one 300000\n', 'told']);
  expect(await child.exited).toEqual({ code: 0 });
});

test('launchCommand() pipes what it is told to and reports the exit', async () => {
  const command = launchCommand({
    ...{ command: 'sh', args: ['-c', 'cat; echo "$ONLY" >&2; exit 5'], cwd: '/', env: { ONLY: 'this', PATH: '/usr/bin:/bin' } },
    ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' },
  });
  command.stdin?.end('through');

  const [out, err] = await Promise.all([textOf(command.stdout as AsyncIterable<Buffer>), textOf(command.stderr as AsyncIterable<Buffer>)]);

  expect([out, err, await command.exited]).toEqual(['through', 'this\n', { code: 5 }]);
  expect(command.signal('SIGTERM')).toBe(false);
});

test('launchCommand() signals a command in the host’s own process group', async () => {
  const command = launchCommand({
    ...{
      command: '/bin/sh',
      args: ['-c', 'ps -o pgid= -p $$ 2>/dev/null || cut -d" " -f5 /proc/$$/stat; exec sleep 600'],
      cwd: '/',
      env: {},
    },
    ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  });
  const group = Number(await new Promise((resolve) => command.stdout?.once('data', resolve)));

  expect(command.stderr).toBeUndefined();
  expect(group).not.toBe(command.pid);
  expect(command.signal('SIGTERM')).toBe(true);
  expect(await command.exited).toEqual({ signal: 'SIGTERM' });
});

test('launchCommand() reports a command that cannot be spawned with its errno name', async () => {
  const options = { args: [], cwd: '/', env: { PATH: '/bin' }, stdin: 'inherit', stdout: 'inherit', stderr: 'pipe' } as const;

  const missing = launchCommand({ ...options, command: 'no-such-command' });
  const folder = launchCommand({ ...options, command: tmpdir() });

  expect(await missing.exited).toEqual({ error: expect.objectContaining({ code: 'ENOENT' }) });
  expect(await folder.exited).toEqual({ error: expect.objectContaining({ code: 'EACCES' }) });
});

const withSetpriv = testWith('/usr/bin/setpriv', 'util-linux');

withSetpriv('knowsDeathSignal() knows the setpriv that has the option, and that others have it not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-setpriv-'));
  const other = join(folder, 'setpriv');
  try {
    await writeFile(other, 'Usage: setpriv [OPTIONS] PROG');
    await chmod(other, 0o755);

    expect([knowsDeathSignal('/usr/bin/setpriv'), knowsDeathSignal(other), knowsDeathSignal(join(folder, 'none'))]).toEqual([
      true,
      false,
      false,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('describeExit() says how it ended', () => {
  expect(describeExit({ code: 3 })).toBe('exited with code 3');
  expect(describeExit({ signal: 'SIGSEGV' })).toBe('was ended by SIGSEGV');
  expect(describeExit({ error: new Error('spawn x ENOENT') })).toBe('could not be started: spawn x ENOENT');
});
