import { closeSync, existsSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { describeExit } from './launch.ts';
import type { Exit, LaunchSpec } from './types.ts';

/** Why a start failed, for the one who must mend it: command, folder, exit, the likely cause, the last lines of stderr. */
export function diagnose(spec: LaunchSpec, exit: Exit, stderr: readonly string[]): string {
  const command = [spec.command, ...spec.args].join(' ');
  const cause = causeOf(spec, exit, stderr);
  const how = exit.error === undefined ? `${describeExit(exit)} before the handshake` : describeExit(exit);
  return `Cannot start plugin "${spec.plugin}": "${command}" in "${spec.cwd}" ${how}${cause === undefined ? '' : `; ${cause}`}${quoteStderr(stderr)}`;
}

/** The last lines of stderr as the end of a message; empty when there are none. */
export function quoteStderr(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  if (lines.length === 1) return `; last stderr line was "${lines[0]}"`;
  return `; last ${lines.length} lines of stderr:\n  ${lines.join('\n  ')}`;
}

function causeOf(spec: LaunchSpec, exit: Exit, stderr: readonly string[]): string | undefined {
  const folder = statSync(spec.cwd, { throwIfNoEntry: false });
  if (!folder?.isDirectory()) return `the working directory "${spec.cwd}" ${folder === undefined ? 'does not exist' : 'is no folder'}`;
  // Once the program has run, its file is fine; only what it said can tell. 2 is the shell that was given a foreign program to read.
  const didRun = exit.error === undefined && ![2, 126, 127].includes(exit.code ?? 0);
  return (didRun ? undefined : causeInFile(spec)) ?? causeInStderr(stderr);
}

function causeInFile(spec: LaunchSpec): string | undefined {
  const { command } = spec;
  if (!isAbsolute(command)) return `"${command}" was not found; PATH is "${spec.env['PATH'] ?? ''}"`;
  const file = statSync(command, { throwIfNoEntry: false });
  if (file === undefined) return `there is no file "${command}"`;
  if (file.isDirectory()) return `"${command}" is a folder, not a program`;
  if ((file.mode & 0o111) === 0) return `"${command}" is not executable (mode ${mode(file)}); run chmod +x on it`;
  const head = readHead(command);
  return head === undefined
    ? `"${command}" cannot be read (mode ${mode(file)})`
    : (badInterpreter(command, head) ?? wrongMachine(command, head));
}

function mode(file: Stats): string {
  return (file.mode & 0o7777).toString(8).padStart(4, '0');
}

function readHead(file: string): Buffer | undefined {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const head = Buffer.alloc(1024);
      return head.subarray(0, readSync(descriptor, head));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function badInterpreter(command: string, head: Buffer): string | undefined {
  const line = head.toString('utf8').split('\n', 1)[0] ?? '';
  if (!line.startsWith('#!')) return undefined;
  const interpreter = line.slice(2).trim().split(/\s+/, 1)[0] ?? '';
  if (line.endsWith('\r')) return `the first line of "${command}" ends with CR LF; save the file with Unix line ends`;
  if (existsSync(interpreter)) return undefined;
  return `the first line of "${command}" asks for the interpreter "${interpreter}", which does not exist`;
}

const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
};
const MACH_CPUS: Readonly<Record<number, string>> = { 7: 'ia32', 12: 'arm', 16777223: 'x64', 16777228: 'arm64' };
const PLATFORMS: Readonly<Record<string, string>> = { elf: 'linux', mach: 'darwin', pe: 'win32' };

function wrongMachine(command: string, head: Buffer): string | undefined {
  const made = machineOf(head);
  if (made === undefined) return undefined;
  const sameSystem =
    PLATFORMS[made.format] === process.platform || (made.format === 'elf' && !['darwin', 'win32'].includes(process.platform));
  if (sameSystem && (made.arch === undefined || made.arch === process.arch)) return undefined;
  const target = [PLATFORMS[made.format], made.arch].filter(Boolean).join(' ');
  return `"${command}" is a program for ${target}; this is ${process.platform} ${process.arch}`;
}

function machineOf(head: Buffer): { format: string; arch: string | undefined } | undefined {
  if (head.length < 20) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) {
    const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
    return { format: 'elf', arch: ELF_MACHINES[machine] ?? `machine ${machine}` };
  }
  if (magic === 0xcefaedfe || magic === 0xcffaedfe) return { format: 'mach', arch: MACH_CPUS[head.readUInt32LE(4)] };
  // A universal program holds several; which ones hardly matters.
  if (magic === 0xcafebabe) return { format: 'mach', arch: undefined };
  return magic >>> 16 === 0x4d5a ? { format: 'pe', arch: undefined } : undefined;
}

const SAID: readonly (readonly [RegExp, (found: string) => string])[] = [
  [/error while loading shared libraries: ([^:\s]+)/, (library) => `the shared library "${library}" is missing`],
  [/Library not loaded: (\S+)/, (library) => `the shared library "${library}" is missing`],
  [/version [`'](GLIBC\w*_[\d.]+)' not found/, (version) => `the program needs a newer C library (${version})`],
  [
    /(?:Cannot find (?:module|package)) '([^']+)'/,
    (name) => `Node cannot find "${name}"; install the plugin's dependencies or check the path`,
  ],
  [/ModuleNotFoundError: No module named '([^']+)'/, (name) => `the Python module "${name}" is not installed`],
  [/can't open file '([^']+)'/, (file) => `there is no file "${file}"`],
  [/env: [‘']?([^'’:]+)[’']?: No such file/, (name) => `"${name}" was not found in the plugin's PATH`],
];

function causeInStderr(stderr: readonly string[]): string | undefined {
  const text = stderr.join('\n');
  for (const [pattern, say] of SAID) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return say(found);
  }
  return undefined;
}
