import { existsSync } from 'node:fs';
import type { LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { tryProgram } from '../machine/try-program.ts';
import { makeScratch, removeScratch, scratchFolder } from '../scratch.ts';
import type { Enclosure, Guarantee, Mount, Policy, Probe, SandboxDriver, Scratch } from '../types.ts';
import { programInside } from '../view/programs.ts';
import { ociSeccomp } from './oci-seccomp.ts';
import { argumentsInside, environmentInside, INSIDE, mountsOf, writableOf } from './plugin-view.ts';
import { FORK_TRIAL, holdsForks, reaped, SETSID, SHELL } from './reaped.ts';

export const RUNSC: string = existsSync('/usr/bin/runsc') ? '/usr/bin/runsc' : '/usr/local/bin/runsc';

const ENFORCES: ReadonlySet<Guarantee> = new Set(['fs', 'net', 'signals', 'fork', 'memory', 'pids', 'cpu']);
/** What programs need of this machine; read-only, and left out where it does not exist. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/alternatives', '/etc/ssl/certs', '/etc/ca-certificates'];
const CONTAINER = 'plugin';
// Its own name there: the state folder is used for this one start.
const CLEANUP = `"$1" --rootless --root "$2/state" delete -force ${CONTAINER}`;
const PROBE_LIMITS = { memoryMb: 256, cpu: 1, pids: 64, openFiles: 64, tmpMb: 1, storageMb: 1 };

/** Plugins on gVisor's own kernel: `runsc` without root, without images, on folders of this machine. Not run on the authors' machines in this form. */
export const gvisor: SandboxDriver = { name: 'gvisor', grade: 'kernel', probe, confine };

function confine(spec: LaunchSpec, policy: Policy): Enclosure {
  if (policy.net.length > 0) throw refusal(spec, 'gVisor gets no allow-list of the network; use the driver "bubblewrap"');
  const scratch = makeBundle(spec, policy);
  return {
    driver: 'gvisor',
    grade: 'kernel',
    limits: policy.limits,
    launch: {
      plugin: spec.plugin,
      command: SHELL,
      args: reaped(RUNSC, scratch.folder, { cleanup: CLEANUP, client: runsc(scratch) }),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      isConfined: true,
    },
    fds: {},
    net: [],
    writable: writableOf(policy),
    scratch,
  };
}

function runsc({ folder }: Scratch): string[] {
  // host-uds=none: sockets of this machine cannot be reached through a granted folder.
  const flags = ['--rootless', '--root', `${folder}/state`, '--network=none', '--ignore-cgroups', '--oci-seccomp', '--host-uds=none'];
  return [RUNSC, ...flags, 'run', '--bundle', folder, CONTAINER];
}

/** The OCI bundle: made-up account files in the root, everything else mounted. */
function makeBundle(spec: LaunchSpec, policy: Policy): Scratch {
  return {
    folder: scratchFolder(),
    files: {
      'config.json': JSON.stringify(ociConfig(spec, policy)),
      'rootfs/etc/passwd': 'root:x:0:0::/tmp:/bin/sh\nplugin:x:1000:1000::/tmp:/bin/sh\n',
      'rootfs/etc/group': 'root:x:0:\nplugin:x:1000:\n',
      'rootfs/etc/hosts': '127.0.0.1 localhost plugin\n::1 localhost\n',
      'rootfs/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    },
  };
}

/** What runsc is told to run, after the OCI runtime specification. */
export function ociConfig(spec: LaunchSpec, policy: Policy): object {
  const mounts = mountsOf(policy);
  const programs = programInside(spec, policy);
  const openFiles = policy.limits.openFiles;
  return {
    ociVersion: '1.0.2',
    hostname: 'plugin',
    root: { path: 'rootfs', readonly: true },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      cwd: INSIDE.plugin,
      args: [programs.command, ...argumentsInside(spec, policy)],
      env: Object.entries(environmentInside(spec, policy)).map(([name, value]) => `${name}=${value}`),
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      noNewPrivileges: true,
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: openFiles, hard: openFiles },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      ],
    },
    mounts: [
      ...SYSTEM.filter((path) => existsSync(path)).map((path) => bind({ source: path, target: path }, 'ro')),
      ...programs.mounts.map((mount) => bind(mount, 'ro')),
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'mode=755', 'size=65536k'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777', `size=${policy.limits.tmpMb}m`] },
      // What is mounted first would be covered by a folder around it.
      ...[...mounts.read.map((mount) => ({ mount, mode: 'ro' as const })), ...mounts.write.map((mount) => ({ mount, mode: 'rw' as const }))]
        .sort((one, other) => depth(one.mount) - depth(other.mount))
        .map(({ mount, mode }) => bind(mount, mode)),
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      seccomp: ociSeccomp(policy),
    },
  };
}

function depth({ target }: Mount): number {
  return target.split('/').length;
}

function bind({ source, target }: Mount, mode: 'ro' | 'rw'): object {
  return { destination: target, type: 'bind', source, options: ['rbind', mode, 'nosuid', 'nodev'] };
}

function refusal({ plugin }: LaunchSpec, why: string): HostError {
  return new HostError('PLUGIN_REFUSED', `Cannot run plugin "${plugin}" in gVisor: ${why}`);
}

async function probe(): Promise<Probe> {
  const fix = 'install runsc from https://gvisor.dev/docs/user_guide/install/';
  if (process.platform !== 'linux' || !existsSync(RUNSC)) return { ok: false, why: 'runsc of gVisor was not found', fix };
  if (process.getuid?.() === 0)
    return { ok: false, why: 'the gvisor driver does not run for root', fix: 'run Outrigger as an ordinary user' };
  if (!existsSync(SETSID)) return { ok: false, why: `${SETSID} was not found`, fix: 'install util-linux' };
  const version = /release-\S+/.exec((await tryProgram(RUNSC, ['--version'])).stdout)?.[0] ?? 'unknown';
  const spec = { plugin: 'probe', command: SHELL, args: ['-c', FORK_TRIAL], cwd: '/', env: {} };
  const nothing = { plugin: 'probe', directory: '/usr', dataDir: undefined, cacheDir: undefined, read: [], write: [], net: [] };
  const scratch = makeBundle(spec, { ...nothing, canFork: false, ipc: false, native: false, uid: undefined, limits: PROBE_LIMITS });
  makeScratch(scratch);
  try {
    const [file = RUNSC, ...args] = runsc(scratch);
    const ran = await tryProgram(file, args, { env: { PATH: '/usr/bin:/bin' }, timeoutMs: 20_000 });
    if (holdsForks(ran.stdout)) return { ok: true, version, enforces: ENFORCES, notes: [] };
    return { ok: false, version, why: `runsc did not run a program: ${ran.complaint || `code ${ran.code}`}`, fix };
  } finally {
    removeScratch(scratch);
  }
}
