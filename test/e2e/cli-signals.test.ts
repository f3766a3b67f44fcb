import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testWith } from '../support/needs.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CliPlace, finished, MAIN } from './cli-place.ts';

const testOnTerminal = testWith('script', 'bsdutils');

let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGPIPE', 'SIGUSR1', 'SIGUSR2'] as const)(
  'outrigger run dies of %s when the command did, after the plugins were told',
  async (signal) => {
    place.plugin('watches', { 'conda.on_exception': {} });
    const done = await place.run(['run', '--', 'sh', '-c', `ulimit -c 0; echo last words >&2; kill -${signal.slice(3)} $$`]);
    expect(done).toMatchObject({ code: null, signal, stderr: 'last words\n' });
    expect(place.events('watches').map(({ payload }) => payload)).toMatchObject([
      { error: 'CommandSignalError', signal, stderr: ['last words'], message: `Command "sh" was ended by ${signal}` },
    ]);
  },
);

test('outrigger run returns 128 + n for a signal that would leave a core dump', async () => {
  expect(await place.run(['run', '--', 'sh', '-c', 'ulimit -c 0; kill -SEGV $$'])).toMatchObject({ code: 139, signal: null });
});

// A command that says what reaches it, and ends after the second line of its input.
const LISTENER = `
  const seen = [];
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => { seen.push(signal); console.log('got', signal); });
  process.stdin.once('data', () => { console.log('seen', seen.join()); process.exit(6); });
  console.log('ready');
`;

test.each(['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const)(
  'outrigger run forwards %s to a command without a terminal, and lives on',
  async (signal) => {
    // A session of its own has no terminal, whatever the tests run in.
    const child = place.start(['run', '--', 'node', '-e', LISTENER], { detached: true });
    const output = collect(child);
    await waitUntil(() => output.text.includes('ready'), 'the command to be ready');
    child.kill(signal);
    await waitUntil(() => output.text.includes(`got ${signal}`), `the command to get ${signal}`);
    child.stdin?.write('end\n');
    const [code] = await once(child, 'close');
    expect(code).toBe(6);
    expect(output.text).toContain(`seen ${signal}\n`);
  },
);

test('outrigger run takes its command along when it is killed with SIGKILL', async () => {
  const child = place.start(['run', '--', 'sh', '-c', 'echo $$; exec sleep 600'], { detached: true });
  const output = collect(child);
  await waitUntil(() => output.text.includes('\n'), 'the command to say its process id');
  child.kill('SIGKILL');
  await waitUntil(() => !existsSync(`/proc/${output.text.trim()}`), 'the command to be gone');
  expect(output.text).toMatch(/^\d+\n$/);
});

test('outrigger run forwards SIGUSR1 and opens no debugger', async () => {
  const listener = `process.on('SIGUSR1', () => { console.log('got'); process.exit(0); }); setInterval(() => {}, 1000); console.log('ready');`;
  const child = place.start(['run', '--', 'node', '-e', listener], { detached: true });
  const output = collect(child);
  await waitUntil(() => output.text.includes('ready'), 'the command to be ready');
  child.kill('SIGUSR1');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output.text).toBe('ready\ngot\n');
});

testOnTerminal('outrigger run leaves the command a real terminal on all three streams', async () => {
  const done = await finished(terminal(place, ['run', '--', 'node', '-p', '[0, 1, 2].map((fd) => require("node:tty").isatty(fd)).join()']));
  expect(done).toMatchObject({ code: 0, stdout: 'true,true,true\r\n' });
});

testOnTerminal('outrigger run keeps the terminal of a command whose failure a plugin watches', async () => {
  place.plugin('watches', { 'conda.on_exception': {} });
  const done = await finished(terminal(place, ['run', '--', 'node', '-e', 'console.log(process.stderr.isTTY); process.exit(5)']));
  expect(done).toMatchObject({ code: 5, stdout: 'true\r\n' });
  expect(place.events('watches')[0]?.payload['stderr']).toEqual([]);
});

testOnTerminal('outrigger run lets Ctrl-C on a terminal reach the command exactly once', async () => {
  const child = terminal(place, ['run', '--', 'node', '-e', LISTENER]);
  const output = collect(child);
  await waitUntil(() => output.text.includes('ready'), 'the command to be ready');
  child.stdin?.write('\u0003');
  await waitUntil(() => output.text.includes('got SIGINT'), 'the command to get SIGINT');
  child.stdin?.write('end\n');
  const [code] = await once(child, 'close');
  expect(code).toBe(6);
  expect(output.text).toMatch(/seen SIGINT\r\n/);
});

testOnTerminal('outrigger run stops with its command at Ctrl-Z and goes on with it', async () => {
  const line = `set -m; outrigger run -- node -e '${LISTENER.replaceAll("'", '"')}'; echo stopped $?; fg >/dev/null; echo ended $?`;
  const child = spawn('script', ['-qec', `bash -c ${quote(place.withOutrigger(line))}`, '/dev/null'], {
    cwd: place.folder,
    env: place.env,
  });
  const output = collect(child);
  await waitUntil(() => output.text.includes('ready'), 'the command to be ready');
  child.stdin?.write('\u001a');
  await waitUntil(() => output.text.includes('stopped 148'), 'the shell to see it stopped');
  child.stdin?.write('end\n');
  await once(child, 'close');
  expect(output.text).toContain('ended 6');
});

testOnTerminal('outrigger run leaves the terminal as the command set it', async () => {
  const line = 'outrigger run stty -echo; stty -a';
  const child = spawn('script', ['-qec', `bash -c ${quote(place.withOutrigger(line))}`, '/dev/null'], {
    cwd: place.folder,
    env: place.env,
  });
  expect((await finished(child)).stdout).toContain(' -echo ');
});

function terminal({ folder, env }: CliPlace, args: readonly string[]): ChildProcess {
  const line = [process.execPath, '--conditions=@outrigger/source', MAIN, ...args].map(quote).join(' ');
  // Without exec a shell stands in between, and dies of Ctrl-C itself.
  return spawn('script', ['-qec', `exec ${line}`, '/dev/null'], { cwd: folder, env });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function collect(child: ChildProcess): { text: string } {
  const output = { text: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.text += text;
  });
  return output;
}
