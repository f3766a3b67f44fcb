import type { ChildProcess } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { type Duplex, Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { anonymousFile } from './anonymous-file.ts';
import { guard, unguard } from './guardian.ts';
import { isProgram } from './resolve-command.ts';
import { closingWords, strayDescriptors } from './stray-descriptors.ts';
import type { Child, Exit, LaunchSpec } from './types.ts';

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: 'inherit' | 'pipe';
  readonly stdout: 'inherit' | 'pipe';
  readonly stderr: 'inherit' | 'pipe';
}

/** An application's command in the foreground. A stream is undefined where it is inherited. */
export interface RunningCommand {
  readonly pid: number | undefined;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Settles at the command's own `exit`; a spawn failure is its `error`, with the errno name as `code`. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Signals the command alone; false when it has ended. */
  signal(signal: NodeJS.Signals): boolean;
}

// buffer: execa would keep all output and end the child at 100 MB. cleanup: our own ladder ends children.
const BASE = { buffer: false, reject: false, cleanup: false, extendEnv: false, shell: false, forceKillAfterDelay: false } as const;

/** Who records what a plugin says is told of its processes, as `Launched`, before anything is written or read. */
const launches = channel('outrigger:launch');

export interface Launched {
  readonly plugin: string;
  readonly child: Child;
}

/** Starts a plugin as leader of its own process group, which never outlives it or the host. Never throws: see `exited`. */
export function launch(spec: LaunchSpec): Child {
  try {
    const child = launchGroup(spec);
    if (launches.hasSubscribers) launches.publish({ plugin: spec.plugin, child } satisfies Launched);
    return child;
  } catch (error) {
    // execa refuses some arguments itself, such as those with a null byte.
    return failedLaunch(error);
  }
}

/** A process that never was, with the reason as its exit. */
export function failedLaunch(error: unknown): Child {
  const stdin = new Writable({ write: (_chunk, _encoding, done) => done() });
  const none = { pid: undefined, stdin, stdout: Readable.from([]), stderr: Readable.from([]), pipes: [] };
  return { ...none, exited: refused(error), signal: () => false };
}

/** Starts an application's command in the host's own process group and terminal; SIGKILL to the host reaches it too. Never throws. */
export function launchCommand(options: CommandOptions): RunningCommand {
  const { command, args, cwd, env, stdin, stdout, stderr } = options;
  try {
    const found = findProgram(command, cwd, env['PATH'] ?? '');
    const [file, given] = found !== undefined && hasInterpreter(found) ? withDeathSignal(command, args) : [command, args];
    const subprocess = execa(file, given, { ...BASE, cwd, env: { ...env }, stdin, stdout, stderr });
    for (const stream of [subprocess.stdin, subprocess.stdout, subprocess.stderr]) stream?.on('error', () => {});
    return {
      pid: subprocess.pid,
      stdin: subprocess.stdin ?? undefined,
      stdout: subprocess.stdout ?? undefined,
      stderr: subprocess.stderr ?? undefined,
      exited: whenExited(subprocess),
      signal: (signal) => subprocess.pid !== undefined && subprocess.nodeChildProcess.kill(signal),
    };
  } catch (error) {
    return { pid: undefined, stdin: undefined, stdout: undefined, stderr: undefined, exited: refused(error), signal: () => false };
  }
}

/** How a process ended, for people: `exited with code 3`. */
export function describeExit(exit: Exit): string {
  if (exit.limit !== undefined) return `was ended: ${exit.limit.message}`;
  if (exit.error !== undefined) return `could not be started: ${exit.error.message}`;
  return exit.signal !== undefined ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`;
}

function launchGroup(spec: LaunchSpec): Child {
  const subprocess = spawnWith(spec);
  const { pid, stdin, stdout, stderr } = subprocess;
  const pipes = subprocess.nodeChildProcess.stdio.slice(3).map((pipe) => (pipe as Duplex | null) ?? undefined);
  const group = pid === undefined ? undefined : openGroup(pid);
  const exited = whenExited(subprocess);
  // First of the listeners: nobody learns of the exit before the rest of the group is dead.
  if (group !== undefined) subprocess.nodeChildProcess.prependListener('exit', () => group.sweep());
  // A pipe that breaks is noticed as an exit; without a listener it would crash the host.
  for (const stream of [stdin, stdout, stderr, ...pipes]) stream?.on('error', () => {});
  return { pid, stdin, stdout, stderr, pipes, exited, signal: (signal) => group?.signal(signal) ?? false };
}

function spawnWith(spec: LaunchSpec) {
  const more = spec.pipes ?? [];
  const [command, args] = isProgram(spec.command) ? prefixed(spec, more.length) : [spec.command, spec.args];
  const files: number[] = [];
  try {
    const stdio = more.map((feed) => {
      if (feed === undefined) return 'pipe';
      const file = anonymousFile(feed);
      files.push(file);
      // execa takes any number; its types name those of one digit.
      return file as 9;
    });
    return execa(command, args, {
      ...BASE,
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...stdio],
    });
  } finally {
    for (const file of files) closeSync(file);
  }
}

function prefixed(spec: LaunchSpec, pipes: number): [string, readonly string[]] {
  const closed = withoutStrays(spec, pipes);
  return spec.endsWithHost === true ? closed : withDeathSignal(...closed);
}

function withoutStrays({ command, args, isConfined }: LaunchSpec, pipes: number): [string, readonly string[]] {
  try {
    const [file, ...words] = [...closingWords(strayDescriptors(3 + pipes)), command];
    return [file as string, [...words, ...args]];
  } catch (error) {
    if (isConfined) throw error;
    // A trusted plugin gets what the host itself was given.
    return [command, args];
  }
}

async function refused(error: unknown): Promise<Exit> {
  return { error: error instanceof Error ? error : new Error(String(error)) };
}

type Subprocess = PromiseLike<unknown> & { readonly pid?: number | undefined; readonly nodeChildProcess: ChildProcess };

// execa's own promise waits for grandchildren that hold a pipe; it is used only where there is no process at all.
async function whenExited(subprocess: Subprocess): Promise<Exit> {
  const settled = subprocess.then(
    (result) => result,
    (error: unknown) => error,
  );
  if (subprocess.pid === undefined) {
    const failed = await settled;
    const cause = failed instanceof Error && failed.cause instanceof Error ? failed.cause : failed;
    return { error: cause instanceof Error ? cause : new Error('The process could not be started') };
  }
  return new Promise((resolve) => {
    subprocess.nodeChildProcess.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
}

interface Group {
  signal(signal: NodeJS.Signals): boolean;
  /** Ends what is left once the leader is gone; after that the number is never signalled again, for it may be reused. */
  sweep(): void;
}

function openGroup(pid: number): Group {
  let gone = false;
  guard(pid);
  const signal = (name: NodeJS.Signals): boolean => {
    if (gone) return false;
    try {
      return process.kill(process.platform === 'win32' ? pid : -pid, name);
    } catch {
      // ESRCH, or EPERM from a group of zombies: nothing is left to signal.
      return false;
    }
  };
  return {
    signal,
    sweep: () => {
      signal('SIGKILL');
      gone = true;
      unguard(pid);
    },
  };
}

const SETPRIV = '/usr/bin/setpriv';
const DEATH_SIGNAL = ['--pdeathsig', 'KILL', '--'];
let canWrap: boolean | undefined;

// Linux only: the kernel itself kills the process when the host dies. The guardian does the same a moment later for grandchildren.
// Only for what can run: the rest is started bare, so that the failure is a spawn error with its errno.
function withDeathSignal(command: string, args: readonly string[]): [string, readonly string[]] {
  canWrap ??= process.platform === 'linux' && knowsDeathSignal(SETPRIV);
  return canWrap ? [SETPRIV, [...DEATH_SIGNAL, command, ...args]] : [command, args];
}

/** True for a setpriv with the option: it names it. Started to say so, it would hold up the first plugin for 4 ms; that of busybox lacks it. */
export function knowsDeathSignal(file: string): boolean {
  try {
    return isProgram(file) && readFileSync(file).includes('pdeathsig');
  } catch {
    return false;
  }
}

/** The file that execvp() would start for a command. */
export function findProgram(command: string, cwd: string, path: string): string | undefined {
  const folders = command.includes('/') ? [''] : path.split(delimiter);
  return folders.map((folder) => resolve(cwd, folder, command)).find(isProgram);
}

function hasInterpreter(file: string): boolean {
  const start = Buffer.alloc(256);
  try {
    const handle = openSync(file, 'r');
    readSync(handle, start);
    closeSync(handle);
  } catch {
    // Programs that may be run but not read are no scripts.
    return true;
  }
  const [, interpreter] = /^#![ \t]*([^\s\0]+)/.exec(start.toString('latin1')) ?? [];
  return interpreter === undefined || isProgram(interpreter);
}
