import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';

const MODULE = fileURLToPath(new URL('../../../host/command/run-child.ts', import.meta.url));

/** A program that runs a shell line and prints on fd 3 how it ended. */
function runner(script: string, options: { stderr?: 'pipe' | 'ignore'; wants?: boolean } = {}) {
  const source = `
    import { writeSync } from 'node:fs';
    import { runChild } from ${JSON.stringify(MODULE)};
    const line = { command: 'sh', args: ['-c', ${JSON.stringify(script)}], cwd: process.cwd(), env: process.env };
    writeSync(3, JSON.stringify(await runChild(line, ${options.wants ?? true})));
  `;
  const args = ['--conditions=@outrigger/source', '--input-type=module', '-e', source];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', options.stderr ?? 'pipe', 'pipe'], detached: true });
  const read: Record<number, Buffer[]> = { 1: [], 2: [], 3: [] };
  for (const fd of [1, 2, 3]) child.stdio[fd]?.on('data', (chunk: Buffer) => read[fd]?.push(chunk));
  const text = (fd: number): string => Buffer.concat(read[fd] ?? []).toString();
  return { child, text, closed: once(child, 'close') };
}

test('runChild() copies a large stderr byte by byte and keeps its end', async () => {
  const { text, closed } = runner('head -c 3000000 /dev/zero | tr "\\\\0" x >&2; echo >&2; echo the end >&2; exit 3');
  await closed;
  expect(text(2)).toBe(`${'x'.repeat(3_000_000)}\nthe end\n`);
  expect(JSON.parse(text(3))).toMatchObject({ code: 3, stderr: [`${'x'.repeat(1999)}…`, 'the end'] });
});

test('runChild() reads no faster than its own stderr is read', async () => {
  const { child, text, closed } = runner('exec yes >&2');
  const stderr = child.stderr as NonNullable<typeof child.stderr>;
  stderr.pause();
  const read = (): number => Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${child.pid}/io`, 'utf8'))?.[1]);
  await waitUntil(() => childOf(child.pid) !== undefined, 'the command to run');
  let before = 0;
  let slow = 0;
  await waitUntil(() => {
    // While it cannot write it wakes up now and then, which counts a few bytes; "yes" writes megabytes in that time.
    slow = read() - before < 1000 ? slow + 1 : 0;
    before = read();
    return slow >= 20;
  }, 'it to stop reading');
  // The command itself is told that nobody reads any more.
  stderr.destroy();
  await closed;
  expect(JSON.parse(text(3))).toMatchObject({ signal: 'SIGPIPE' });
});

test('runChild() leaves stderr alone when nobody wants it', async () => {
  const { text, closed } = runner('echo seen >&2', { wants: false });
  await closed;
  expect(text(2)).toBe('seen\n');
  expect(JSON.parse(text(3))).toMatchObject({ code: 0, stderr: [] });
});

test('runChild() forwards a signal and gives how the command took it', async () => {
  const { child, text, closed } = runner("trap 'exit 42' TERM; echo ready; while :; do sleep 0.02; done");
  await waitUntil(() => text(1).includes('ready'), 'the command to be ready');
  child.kill('SIGTERM');
  await closed;
  expect(JSON.parse(text(3))).toMatchObject({ code: 42 });
});

function childOf(pid: number | undefined): string | undefined {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() || undefined;
}
