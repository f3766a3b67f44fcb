import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished } from 'vitest';
import { bubblewrap } from '../../../host/sandbox/drivers/bubblewrap.ts';
import { folderWith, policyOf, runConfined, shell, specOf, startConfined, textOf } from '../../support/confined.ts';
import { testWith, testWithAll } from '../../support/needs.ts';
import { waitUntil } from '../../support/wait-until.ts';

const test = testWith('bwrap', 'bubblewrap');
const PYTHON = '/usr/bin/python3';
const withPython = testWithAll({ bwrap: 'bubblewrap', [PYTHON]: 'python3' });
const SOURCE_FLAG = '--conditions=@outrigger/source';
const driverUrl = pathToFileURL(join(import.meta.dirname, '../../../host/sandbox/drivers/bubblewrap.ts')).href;
const encloseUrl = pathToFileURL(join(import.meta.dirname, '../../../host/sandbox/enclose.ts')).href;

/** A host in a process of its own: starts the words confined, prints what they print. */
const hostScript = (directory: string, words: readonly string[]): string => `
  const { bubblewrap } = await import(${JSON.stringify(driverUrl)});
  const { enclose } = await import(${JSON.stringify(encloseUrl)});
  const spec = ${JSON.stringify(specOf(directory, words))};
  const policy = ${JSON.stringify(policyOf(directory))};
  const child = enclose('test', bubblewrap.confine(spec, policy), { onDenied() {} });
  child.stdout.pipe(process.stdout);
  child.stderr.pipe(process.stderr);
  const exit = await child.exited;
  if (exit.error) console.log(exit.error.message);
`;

async function firstText(stream: NodeJS.ReadableStream): Promise<string> {
  return String(await new Promise((resolve) => stream.once('data', resolve)));
}

/** Processes of this machine with this word in their arguments. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').includes(word);
    } catch {
      return false;
    }
  });
}

test('trap 1: the environment of the host is not in /proc/1/environ', async () => {
  process.env['OUTRIGGER_CANARY'] = 'canary-1';
  onTestFinished(() => {
    delete process.env['OUTRIGGER_CANARY'];
  });

  const said = await shell('cat /proc/*/environ; env; echo end', { env: { MINE: 'mine' } });

  expect(said).toContain('MINE=mine');
  expect(said).toContain('end');
  expect(said).not.toContain('canary-1');
});

test('trap 2: neither paths nor values are in the arguments that everybody can read', async () => {
  const granted = folderWith();
  const child = startConfined(['/bin/sh', '-c', 'echo started; exec sleep 600'], {
    env: { TOKEN: 'secret-value' },
    read: [{ source: granted, target: granted }],
  });
  await firstText(child.stdout);

  const line = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');

  expect(line).toContain('--args');
  expect(line).not.toContain('secret-value');
  expect(line).not.toContain(granted);
});

test('trap 3: the plugin’s user on the host is never root, and what belongs to root stays closed', async () => {
  const child = startConfined(['/bin/sh', '-c', 'echo x > /proc/sys/kernel/core_pattern; echo started; exec sleep 61003']);
  const errors = textOf(child.stderr);
  await firstText(child.stdout);
  const sleeping = (): string[] => processesWith('61003').filter((pid) => readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sleep\n');
  await waitUntil(() => sleeping().length === 1, 'the plugin to sleep');
  const [plugin] = sleeping();
  const uids =
    /^Uid:\s+(.+)$/m
      .exec(readFileSync(`/proc/${plugin}/status`, 'latin1'))?.[1]
      ?.split('\t')
      .map(Number) ?? [];
  child.signal('SIGKILL');

  expect(uids).toHaveLength(4);
  expect(uids.every((uid) => uid !== 0)).toBe(true);
  if (process.getuid?.() === 0) expect(uids.every((uid) => uid >= 1_870_000_000)).toBe(true);
  expect(await errors).toMatch(/core_pattern: (Read-only file system|Permission denied)/);
});

test('trap 3: the number of processes is limited for this sandbox alone, for a host of root too', async () => {
  const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 600 & done; echo all';

  const { stderr, stdout } = await runConfined(['/bin/dash', '-c', script], { limits: { pids: 12 } });

  expect(stderr).toContain('Cannot fork');
  expect(stdout).not.toContain('all');
});

test('trap 4: no mount lies beneath a folder that the plugin can write', () => {
  const [directory, data] = [folderWith(), folderWith()];
  const write = [{ source: data, target: data }];

  const confine = (target: string, options = {}) =>
    bubblewrap.confine(specOf(directory, ['/bin/true']), policyOf(directory, { write, read: [{ source: directory, target }], ...options }));

  expect(() => confine(join(data, 'sub'))).toThrow('which the plugin can write');
  expect(() => confine('/data/sub', { write: [], dataDir: data })).toThrow('which the plugin can write');
  expect(() => confine('/elsewhere')).not.toThrow();
});

test('trap 4: a link that a plugin leaves does not steer its next start', async () => {
  const [outside, dataDir] = [folderWith(), folderWith()];
  await runConfined(['/bin/sh', '-c', `ln -s /oldroot${outside} /data/sub; ln -s ${outside} /data/direct; mkdir -p /data/direct/x`], {
    dataDir,
  });
  symlinkSync(`/oldroot${outside}`, join(dataDir, 'tmp'));

  const { exit } = await runConfined(['/bin/true'], { dataDir });

  expect(exit).toEqual({ code: 0 });
  expect(readdirSync(dataDir)).toContain('sub');
  expect(readdirSync(outside)).toEqual([]);
});

test('trap 5: a descriptor that the host itself inherited is closed', async () => {
  const directory = folderWith();
  const secret = join(folderWith(), 'secret');
  writeFileSync(secret, 'canary-5');
  const words = ['/bin/bash', '-c', 'cat <&251; echo /proc/self/fd/*; cat /proc/self/fd/251; echo end'];
  const script = hostScript(directory, words);

  const host = spawn(
    '/bin/bash',
    ['-c', `exec 251<"$1"; exec "$2" ${SOURCE_FLAG} --input-type=module -e "$3"`, 'x', secret, process.execPath, script],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [out, err] = await Promise.all([textOf(host.stdout), textOf(host.stderr)]);

  expect(out + err).toContain('end');
  expect(out).toMatch(/\/fd\/0 .*\/fd\/1 .*\/fd\/2/);
  expect(out).not.toContain('canary-5');
  expect(out).not.toContain('/fd/251 ');
});

test('trap 6: nothing can be filled but what has a size', async () => {
  const script =
    'for d in / /dev /dev/shm /tmp /home/plugin /usr /etc /plugin /proc; do head -c 3000000 /dev/zero > $d/big && echo "whole $d"; done';

  const said = await shell(script, { limits: { tmpMb: 2 } });

  expect(said).not.toContain('whole');
  expect(said.match(/No space left on device/g)).toHaveLength(3);
  expect(await shell('head -c 1000000 /dev/zero > /tmp/small && echo whole')).toBe('whole\n');
});

test('trap 7: a granted folder’s sockets cannot be reached, but with the permission for it', async () => {
  const folder = folderWith();
  const path = join(folder, 'agent.sock');
  const server = createServer((socket) => socket.end('hello from the agent'));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen({ path, writableAll: true }, resolve));
  const connect = `require('net').connect(${JSON.stringify(path)}).on('error', (e) => console.log(e.code)).on('data', (d) => console.log(String(d)))`;
  const read = [{ source: folder, target: folder }];

  const without = await runConfined([process.execPath, '-e', connect], { read });
  const granted = await runConfined([process.execPath, '-e', connect], { read, ipc: true });

  expect(without.stdout).toMatch(/^E(AFNOSUPPORT|ACCES|PERM)\n$/);
  expect(granted.stdout).toBe('hello from the agent\n');
});

withPython('trap 8: sockets of families that no network namespace holds cannot be made', async () => {
  const script = [
    'import socket',
    'for family in (40, 38, 17, 29, 31, 1):',
    '  try: socket.socket(family, socket.SOCK_STREAM if family != 38 else 5); print(family, "made")',
    '  except OSError as error: print(family, error.errno)',
    'socket.socket(socket.AF_INET, socket.SOCK_STREAM); socket.socketpair(); print("inet made")',
  ].join('\n');

  const { stdout } = await runConfined([PYTHON, '-c', script]);

  expect(stdout).toBe('40 97\n38 97\n17 97\n29 97\n31 97\n1 97\ninet made\n');
});

test('trap 9: a signal to its own group reaches nobody but the plugin', async () => {
  const { exit, stdout } = await runConfined(['/bin/sh', '-c', 'trap "" TERM; kill -TERM 0; echo alive; exit 4']);

  expect([exit, stdout]).toEqual([{ code: 4 }, 'alive\n']);
});

test('trap 10: a sandbox is not started from a worker, whose end would be its end', async () => {
  const directory = folderWith();
  const worker = new Worker(`import('node:module').then(async () => {${hostScript(directory, ['/bin/true'])}})`, {
    eval: true,
    execArgv: [SOURCE_FLAG],
    stdout: true,
  });

  expect(await textOf(worker.stdout)).toContain('start the host on the main thread');
});

test('trap 11: SIGTERM reaches the plugin itself', async () => {
  const child = startConfined(['/bin/sh', '-c', 'trap "exit 7" TERM; echo started; while :; do sleep 0.1; done']);
  await firstText(child.stdout);

  expect(child.signal('SIGTERM')).toBe(true);
  expect(await child.exited).toEqual({ code: 7 });
});

test('trap 12: stdin can be read, though /dev/stdin cannot be opened again', async () => {
  const child = startConfined(['/bin/sh', '-c', 'cat /dev/stdin; cat']);
  child.stdin.end('through');

  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);

  expect(out).toBe('through');
  expect(err).toContain('/dev/stdin: No such device or address');
});

test('trap 13: what a plugin leaves behind dies with it and holds no pipe', async () => {
  const child = startConfined(['/bin/sh', '-c', 'setsid sleep 61013 & sleep 61013 & sleep 0.2; exit 3']);

  const [exit, out] = await Promise.all([child.exited, textOf(child.stdout)]);

  expect([exit, out]).toEqual([{ code: 3 }, '']);
  await waitUntil(() => processesWith('61013').length === 0, 'the daemons to be dead');
});

test('a host that is killed takes its sandboxes with it', async () => {
  const script = hostScript(folderWith(), ['/bin/sh', '-c', 'setsid sleep 61099 & echo started; exec sleep 61099']);
  const host = spawn(process.execPath, [SOURCE_FLAG, '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void host.kill('SIGKILL'));
  await firstText(host.stdout);
  await waitUntil(() => processesWith('61099').length >= 2, 'the plugin to run');

  host.kill('SIGKILL');

  await waitUntil(() => processesWith('61099').length === 0, 'the plugin to be dead');
});
