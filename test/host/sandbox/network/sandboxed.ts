import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestAPI } from 'vitest';
import { type Network, openNetwork, proxyEnvironment } from '../../../../host/sandbox/network/network.ts';
import type { Lookup } from '../../../../host/sandbox/network/resolve-target.ts';
import { parseRule } from '../../../../host/sandbox/network/rules.ts';
import type { NetDenial } from '../../../../host/sandbox/types.ts';
import { testWithAll } from '../../../support/needs.ts';

export interface SandboxedOptions {
  readonly command: readonly string[];
  readonly rules: readonly string[];
  readonly lookup?: Lookup;
  /** Started as a host that is uid 0 does it: under an ordinary uid. */
  readonly isDropped?: boolean;
  /** The network is closed when this was printed. */
  readonly closeAt?: string;
}

export interface Sandboxed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly denied: readonly NetDenial[];
}

/** Where Node is seen in the sandbox. */
export const NODE = '/run/node';

/** Both ways a host starts a sandbox; the second is for a host that is uid 0. */
export const STARTS: readonly { name: string; isDropped: boolean }[] = [
  { name: 'of the host’s own user', isDropped: false },
  ...(process.geteuid?.() === 0 ? [{ name: 'under a uid of its own', isDropped: true }] : []),
];

/** `test` for what needs bubblewrap and another program. */
export function testSandboxed(program = '/usr/bin/nsenter', debianPackage = 'util-linux'): TestAPI {
  return testWithAll({ bwrap: 'bubblewrap', [program]: debianPackage });
}

/** Runs a command with an empty network namespace and the proxy in it, to its end. */
export async function runSandboxed(options: SandboxedOptions): Promise<Sandboxed> {
  const child = startBlocked(options);
  const outputs = Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const denied: NetDenial[] = [];
  const pid = await blockedPid(child);
  let network: Network | undefined;
  try {
    network = await openNetwork({
      plugin: 'test',
      pid,
      rules: options.rules.flatMap((rule) => parseRule(rule) ?? []),
      onDenied: (denial) => denied.push(denial),
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    });
    const { closeAt } = options;
    child.stdout?.on('data', (part: Buffer) => closeAt !== undefined && part.includes(closeAt) && network?.close());
    (child.stdio[3] as Writable).end('x');
    const code = await exited;
    const [stdout, stderr] = await outputs;
    return { stdout, stderr, code, denied };
  } finally {
    end(pid);
    network?.close();
    await exited;
  }
}

/** Starts bubblewrap, which stops before the command until its descriptor 3 ends. */
export function startBlocked({ command, isDropped }: Pick<SandboxedOptions, 'command' | 'isDropped'>): ChildProcess {
  const drop = ['/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--'];
  const [file = '', ...args] = [...(isDropped === true ? drop : []), '/usr/bin/bwrap', ...profile(isDropped === true), '--', ...command];
  return spawn(file, args, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] });
}

/** The blocked process, which is in the namespace already. */
export async function blockedPid(child: ChildProcess): Promise<number> {
  return (JSON.parse(await text(child.stdio[4] as Readable)) as { 'child-pid': number })['child-pid'];
}

/** Ends a sandbox by its first process: the death of bubblewrap itself lets a blocked one go on. */
export function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function profile(isDropped: boolean): string[] {
  const links = ['bin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]);
  const env = Object.entries(proxyEnvironment()).flatMap(([name, value]) => ['--setenv', name, value]);
  // An ordinary uid may not reach the Node of a developer’s home.
  const node = isDropped ? [] : ['--ro-bind', process.execPath, NODE];
  const spaces = ['--unshare-user', '--unshare-net', '--unshare-pid', '--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL'];
  return [
    ...spaces,
    '--die-with-parent',
    '--ro-bind',
    '/usr',
    '/usr',
    ...links,
    ...node,
    '--proc',
    '/proc',
    ...env,
    '--block-fd',
    '3',
    '--info-fd',
    '4',
  ];
}
