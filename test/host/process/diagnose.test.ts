import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { diagnose, quoteStderr } from '../../../host/process/diagnose.ts';
import { launch } from '../../../host/process/launch.ts';
import { StderrTail } from '../../../host/process/stderr-tail.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrigger-diagnose-'));
afterAll(() => rmSync(folder, { recursive: true }));
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function file(name: string, content: string | Buffer, mode = 0o755): string {
  writeFileSync(join(folder, name), content, { mode });
  return join(folder, name);
}

/** What is said after really starting it. */
async function start(command: string, args: readonly string[] = [], cwd: string = folder): Promise<string> {
  const spec = { plugin: 'redact', command, args, cwd, env: { PATH: '/usr/bin:/bin' } };
  const child = launch(spec);
  child.stdout.resume();
  const stderr = new StderrTail(child.stderr, { plugin: 'redact', pid: child.pid, logsPerSecond: 0, log: quiet });
  const exit = await child.exited;
  await stderr.ended;
  return diagnose(spec, exit, stderr.lines());
}

/** The first bytes of a 64-bit little-endian ELF program for a machine. */
function elf(machine: number): Buffer {
  const head = Buffer.alloc(128);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(machine, 18);
  return head;
}

test('diagnose() names plugin, command, folder, exit and the last words', async () => {
  const message = await start('/bin/sh', ['-c', 'echo first >&2; echo second >&2; exit 3']);

  expect(message).toBe(
    `Cannot start plugin "redact": "/bin/sh -c echo first >&2; echo second >&2; exit 3" in "${folder}" exited with code 3 before the handshake; last 2 lines of stderr:\n  first\n  second`,
  );
});

test('diagnose() knows a missing file, a folder, a missing mode bit and a missing working directory', async () => {
  mkdirSync(join(folder, 'sub'));
  const plain = file('plain', '#!/bin/sh\n', 0o644);

  expect(await start(join(folder, 'nothing'))).toContain(`there is no file "${folder}/nothing"`);
  expect(await start(join(folder, 'sub'))).toContain('is a folder, not a program');
  expect(await start(plain)).toContain(`"${plain}" is not executable (mode 0644); run chmod +x on it`);
  expect(await start('/bin/true', [], join(folder, 'gone'))).toContain(`the working directory "${folder}/gone" does not exist`);
  expect(await start('/bin/true', [], plain)).toContain(`the working directory "${plain}" is no folder`);
});

test('diagnose() quotes the PATH that was searched for a bare name', () => {
  const spec = { plugin: 'redact', command: 'jq', args: [], cwd: folder, env: { PATH: '/opt/bin' } };

  expect(diagnose(spec, { error: new Error('spawn jq ENOENT') }, [])).toContain('"jq" was not found; PATH is "/opt/bin"');
});

test('diagnose() knows a missing interpreter and Windows line ends', async () => {
  const lost = file('lost', '#!/usr/bin/no-such-shell -e\n');
  const windows = file('windows', '#!/bin/sh\r\necho hello\r\n');

  expect(await start(lost)).toContain(
    `the first line of "${lost}" asks for the interpreter "/usr/bin/no-such-shell", which does not exist`,
  );
  expect(await start(windows)).toContain(`the first line of "${windows}" ends with CR LF`);
});

test('diagnose() knows a program for another machine', async () => {
  const [machine, other] = process.arch === 'arm64' ? [62, 'x64'] : [183, 'arm64'];
  const mach = Buffer.alloc(64);
  mach.writeUInt32LE(0xfeedfacf);
  mach.writeUInt32LE(process.arch === 'arm64' ? 0x01000007 : 0x0100000c, 4);
  const here = `this is ${process.platform} ${process.arch}`;

  expect(await start(file('foreign', elf(machine)))).toContain(`is a program for linux ${other}; ${here}`);
  expect(await start(file('mac', mach))).toContain(`is a program for darwin ${other}; ${here}`);
  expect(await start(file('windows.exe', `MZ${'\0'.repeat(60)}`))).toContain(`is a program for win32; ${here}`);
});

test.for([
  [
    './app: error while loading shared libraries: libssl.so.3: cannot open shared object file',
    'the shared library "libssl.so.3" is missing',
  ],
  ["/lib/libc.so.6: version `GLIBC_2.38' not found (required by ./app)", 'the program needs a newer C library (GLIBC_2.38)'],
  ["Error: Cannot find module '/x/plugin.js'", 'Node cannot find "/x/plugin.js"'],
  ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'left-pad' imported from /x", 'Node cannot find "left-pad"'],
  ["ModuleNotFoundError: No module named 'yaml'", 'the Python module "yaml" is not installed'],
  ["/usr/bin/env: 'ruby': No such file or directory", '"ruby" was not found in the plugin\'s PATH'],
] as const)('diagnose() reads the cause in "%s"', ([line, cause]) => {
  const spec = { plugin: 'redact', command: '/bin/sh', args: [], cwd: folder, env: {} };

  expect(diagnose(spec, { code: 1 }, ['something else', line])).toContain(`; ${cause}`);
});

test('quoteStderr() is empty for silence, short for one line', () => {
  expect(quoteStderr([])).toBe('');
  expect(quoteStderr(['oops'])).toBe('; last stderr line was "oops"');
});
