import { existsSync } from 'node:fs';
import type { LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { tryProgram } from '../machine/try-program.ts';
import type { Enclosure, Guarantee, Policy, Probe, SandboxDriver } from '../types.ts';
import { lateEnvironment } from '../view/late-environment.ts';
import { shownPrograms } from '../view/programs.ts';
import { writableOf } from './plugin-view.ts';
import { FORK_TRIAL, holdsForks, SHELL } from './reaped.ts';

export const SANDBOX_EXEC = '/usr/bin/sandbox-exec';

const ENFORCES: ReadonlySet<Guarantee> = new Set(['fs', 'net', 'signals', 'fork']);
const NOTES = ['macOS limits neither the memory nor the processes of a plugin', 'the plugin sees its files under their real names'];
/** What every program there reads before its first line. */
const SYSTEM = [
  '/usr/lib',
  '/usr/share',
  '/usr/bin',
  '/bin',
  '/System/Library',
  '/Library/Apple',
  '/private/var/db/dyld',
  '/private/var/db/timezone',
];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom'];

/** Plugins under a macOS sandbox profile that denies by default. Not run on the authors' machines. */
export const seatbelt: SandboxDriver = { name: 'seatbelt', grade: 'os', probe, confine };

function confine(spec: LaunchSpec, policy: Policy): Enclosure {
  if (policy.net.length > 0) throw refusal(spec, 'no allow-list of the network is built for macOS; ask the host with net/fetch');
  if (policy.ipc) throw refusal(spec, 'Unix sockets cannot be granted on macOS');
  const { dataDir, cacheDir, limits } = policy;
  const { NODE_COMPILE_CACHE: _dropped, ...granted } = spec.env;
  // The shell runs before anything holds it.
  const { early, words: late } = lateEnvironment(granted);
  const own = dataDir === undefined ? { HOME: '/var/empty' } : { HOME: dataDir, TMPDIR: dataDir, OUTRIGGER_DATA: dataDir };
  const limited = ['-c', 'ulimit -c 0; ulimit -n "$1"; shift; exec "$@"', SHELL, String(limits.openFiles)];
  return {
    driver: 'seatbelt',
    grade: 'os',
    limits,
    launch: {
      plugin: spec.plugin,
      command: SHELL,
      args: [...limited, SANDBOX_EXEC, '-p', seatbeltProfile(policy, shownPrograms(spec, policy)), ...late, spec.command, ...spec.args],
      cwd: spec.cwd,
      env: { ...early, ...own, ...(cacheDir === undefined ? {} : { NODE_COMPILE_CACHE: cacheDir }) },
      isConfined: true,
    },
    fds: {},
    net: [],
    writable: writableOf(policy),
  };
}

/** The profile, in the sandbox's own language. Paths are data: quoted, and refused where that is not safe. Pure. */
export function seatbeltProfile(policy: Policy, programs: readonly string[]): string {
  const readable = [...SYSTEM, policy.directory, ...policy.read.map(({ source }) => source)].map(subpath);
  const writable = writableOf(policy).map(subpath);
  const allow = (what: string, where: readonly string[]): string[] => (where.length === 0 ? [] : [`(allow ${what} ${where.join(' ')})`]);
  return [
    '(version 1)',
    '(deny default)',
    ...allow('file-read*', [literal('/'), ...programs.map(subpath), ...readable, ...writable]),
    ...allow('file-read* file-write-data', DEVICES.map(literal)),
    ...allow('file-write*', writable),
    // A folder that can be written gives no code: what it holds can be read, not run.
    ...allow('process-exec* file-map-executable', [...programs.map(subpath), ...readable]),
    ...(policy.canFork ? ['(allow process-fork)'] : []),
    '(allow signal (target self))',
    '(allow process-info* (target self))',
    '(allow sysctl-read)',
    '',
  ].join('\n');
}

function subpath(path: string): string {
  return `(subpath ${quoted(path)})`;
}

function literal(path: string): string {
  return `(literal ${quoted(path)})`;
}

function quoted(path: string): string {
  const isPlain = [...path].every((character) => character >= ' ' && character !== '\u007f');
  if (!isPlain)
    throw new HostError('PLUGIN_REFUSED', `Cannot name ${JSON.stringify(path)} in a sandbox profile: it has control characters`);
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function refusal({ plugin }: LaunchSpec, why: string): HostError {
  return new HostError('PLUGIN_REFUSED', `Cannot run plugin "${plugin}" under seatbelt: ${why}`);
}

async function probe(): Promise<Probe> {
  if (process.platform !== 'darwin') return { ok: false, why: 'seatbelt exists on macOS only', fix: 'run Outrigger on macOS' };
  if (!existsSync(SANDBOX_EXEC))
    return { ok: false, why: `${SANDBOX_EXEC} was not found`, fix: 'repair macOS: it is a part of the system' };
  if (process.getuid?.() === 0) return { ok: false, why: 'seatbelt does not run for root', fix: 'run Outrigger as an ordinary user' };
  const nothing = { plugin: 'probe', directory: '/usr/bin', dataDir: undefined, cacheDir: undefined, read: [], write: [], net: [] };
  const limits = { memoryMb: 64, cpu: 1, pids: 32, openFiles: 64, tmpMb: 1, storageMb: 1 };
  const profile = seatbeltProfile({ ...nothing, canFork: false, ipc: false, native: false, uid: undefined, limits }, [SHELL]);
  const { stdout, complaint } = await tryProgram(SANDBOX_EXEC, [
    '-p',
    profile,
    SHELL,
    '-c',
    `read -r _ < /etc/hosts && echo leaked; ${FORK_TRIAL}`,
  ]);
  if (holdsForks(stdout) && !/leaked/.test(stdout)) return { ok: true, version: 'sandbox-exec', enforces: ENFORCES, notes: NOTES };
  return {
    ok: false,
    why: `sandbox-exec does not hold here: ${complaint || 'the trial got through'}`,
    fix: 'run Outrigger on Linux with bubblewrap',
  };
}
