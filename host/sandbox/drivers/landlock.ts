import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { hasFilter, seccompFilter } from '../filter/seccomp.ts';
import { installCommand } from '../machine/install-command.ts';
import { tryProgram } from '../machine/try-program.ts';
import { makeScratch, removeScratch, scratchFolder } from '../scratch.ts';
import type { Enclosure, Guarantee, Policy, Probe, SandboxDriver, Scratch } from '../types.ts';
import { lateEnvironment } from '../view/late-environment.ts';
import { shownPrograms } from '../view/programs.ts';
import { landlockFilter } from './landlock-filter.ts';
import { writableOf } from './plugin-view.ts';
import { FORK_TRIAL, holdsForks, SHELL } from './reaped.ts';

export const SETPRIV = '/usr/bin/setpriv';

const ENFORCES: ReadonlySet<Guarantee> = new Set(['fs', 'net', 'signals', 'fork']);
const NOTES = [
  'the plugin sees the host name and its own files under their real names, and has no temporary folder',
  'a plugin that may start processes may leave one behind that outlives it',
  'memory, processes and CPU are limited only where a control group can be had',
  'no signals can be sent, not even to its own processes, and no file can be given another mode, owner or time',
];
const READ = 'execute,read-file,read-dir';
const READ_FILE = 'execute,read-file';
/** What there is on a folder; `refer` would allow moves between folders with different rights. */
const WRITE = `${READ},write-file,truncate,make-dir,make-reg,make-sym,remove-dir,remove-file`;
const WRITE_FILE = 'read-file,write-file,truncate';
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/alternatives', '/etc/ssl/certs', '/etc/localtime'];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'];
const FILTERS = { calls: 'calls.bpf', gaps: 'gaps.bpf' } as const;

/** Plugins held by Landlock and two seccomp filters, by setpriv of util-linux 2.41 or newer; no namespaces. Partial. Not run on the authors' machines. */
export const landlock: SandboxDriver = { name: 'landlock', grade: 'partial', probe, confine };

function confine(spec: LaunchSpec, policy: Policy): Enclosure {
  if (policy.net.length > 0) throw refusal(spec, 'Landlock knows no allow-list of hosts; use the driver "bubblewrap"');
  if (policy.ipc) throw refusal(spec, 'Landlock cannot keep Unix sockets apart; use the driver "bubblewrap"');
  const scratch = filters(spec, policy);
  // The first programs run before anything holds them.
  const { early, words: late } = lateEnvironment(environment(spec, policy));
  return {
    driver: 'landlock',
    grade: 'partial',
    limits: policy.limits,
    launch: {
      plugin: spec.plugin,
      command: SETPRIV,
      args: [...setpriv(scratch, rules(spec, policy)).slice(1), ...limited(policy), ...late, spec.command, ...spec.args],
      cwd: spec.cwd,
      env: early,
      isConfined: true,
    },
    fds: {},
    net: [],
    writable: writableOf(policy),
    scratch,
  };
}

function filters({ plugin }: Pick<LaunchSpec, 'plugin'>, { canFork }: Pick<Policy, 'canFork'>): Scratch {
  const { arch } = process;
  if (!hasFilter(arch))
    throw new HostError('PLUGIN_REFUSED', `Cannot run plugin "${plugin}" under Landlock: there is no filter for "${arch}"`);
  const calls = seccompFilter({ unixSockets: false, fork: canFork, inet: false, sysvIpc: false });
  return { folder: scratchFolder(), files: { [FILTERS.calls]: calls, [FILTERS.gaps]: landlockFilter(arch) } };
}

/** One setpriv per layer, Landlock last: under it the files of the filters can no longer be opened. */
function setpriv({ folder }: Scratch, allowed: readonly string[]): string[] {
  const filtered = (file: string): string[] => [SETPRIV, '--no-new-privs', '--seccomp-filter', join(folder, file), '--'];
  return [
    ...filtered(FILTERS.gaps),
    ...filtered(FILTERS.calls),
    ...[SETPRIV, '--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--landlock-access', 'fs'],
    ...allowed.flatMap((rule) => ['--landlock-rule', rule]),
    '--',
  ];
}

/** Landlock rules; files get only what there is for files, or the kernel refuses the rule. */
function rules(spec: LaunchSpec, policy: Policy): string[] {
  const readable = [...SYSTEM, policy.directory, ...shownPrograms(spec, policy), ...policy.read.map(({ source }) => source)];
  return [
    ...readable.flatMap((path) => rule(path, { folder: READ, file: READ_FILE })),
    ...writableOf(policy).flatMap((path) => rule(path, { folder: WRITE, file: WRITE_FILE })),
    ...DEVICES.flatMap((path) => rule(path, { folder: READ, file: 'read-file,write-file' })),
  ];
}

function rule(path: string, access: { readonly folder: string; readonly file: string }): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? [] : [`path-beneath:${stats.isDirectory() ? access.folder : access.file}:${path}`];
}

function limited({ limits }: Policy): string[] {
  return ['/usr/bin/prlimit', '--core=0:0', `--nofile=${limits.openFiles}:${limits.openFiles}`, '--'];
}

function environment({ env }: LaunchSpec, { dataDir, cacheDir }: Policy): Record<string, string> {
  const { NODE_COMPILE_CACHE: _dropped, ...granted } = env;
  return {
    ...granted,
    ...(dataDir === undefined ? { HOME: '/nonexistent' } : { HOME: dataDir, TMPDIR: dataDir, OUTRIGGER_DATA: dataDir }),
    ...(cacheDir === undefined ? {} : { NODE_COMPILE_CACHE: cacheDir }),
  };
}

function refusal({ plugin }: LaunchSpec, why: string): HostError {
  return new HostError('PLUGIN_REFUSED', `Cannot run plugin "${plugin}" under Landlock: ${why}`);
}

async function probe(): Promise<Probe> {
  const fix = installCommand('util-linux');
  if (process.platform !== 'linux' || !existsSync(SETPRIV)) return { ok: false, why: 'setpriv of util-linux was not found', fix };
  const version = /\d+(\.\d+)+/.exec((await tryProgram(SETPRIV, ['--version'])).stdout)?.[0] ?? 'unknown';
  const help = (await tryProgram(SETPRIV, ['--help'])).stdout;
  if (!/--landlock-rule/.test(help) || !/--seccomp-filter/.test(help)) {
    return { ok: false, version, why: `setpriv ${version} is older than 2.41`, fix: 'install util-linux 2.41 or newer' };
  }
  if (process.getuid?.() === 0)
    return { ok: false, version, why: 'Landlock would leave a plugin the rights of root', fix: 'run Outrigger as an ordinary user' };
  if (!hasFilter()) return { ok: false, version, why: `there is no filter for "${process.arch}"`, fix: 'run Outrigger on x64 or arm64' };
  return (await trial()) ?? { ok: true, version, enforces: ENFORCES, notes: NOTES };
}

/** Really holds a shell, which must start, and may neither fork nor read a file that was not granted. */
async function trial(): Promise<Probe | undefined> {
  const scratch = filters({ plugin: 'probe' }, { canFork: false });
  makeScratch(scratch);
  try {
    const canary = join(scratch.folder, FILTERS.calls);
    const readable = SYSTEM.flatMap((path) => rule(path, { folder: READ, file: READ_FILE }));
    const [file = SETPRIV, ...args] = [...setpriv(scratch, readable), SHELL, '-c', `read -r _ < '${canary}' && echo leaked; ${FORK_TRIAL}`];
    const { stdout, complaint } = await tryProgram(file, args);
    if (holdsForks(stdout) && !/leaked/.test(stdout)) return undefined;
    return {
      ok: false,
      why: `Landlock does not hold here: ${complaint || 'the trial got through'}`,
      fix: 'start the kernel with lsm=landlock,…',
    };
  } finally {
    removeScratch(scratch);
  }
}
