import { isWithin } from '../policy/real-path.ts';
import type { SandboxMount } from '../root-host.ts';
import type { Mask, ResourceLimits } from '../types.ts';
import type { RootEntry } from '../view/system-layout.ts';
import { ETC_FILES, MADE_UP_FILES } from '../view/system-layout.ts';

/** Everything that decides what one sandbox looks like. */
export interface Profile {
  readonly layout: readonly RootEntry[];
  /** In the order in which they are made. */
  readonly mounts: readonly SandboxMount[];
  /** Shown empty, over the mounts. */
  readonly masks?: readonly Mask[] | undefined;
  readonly limits: ResourceLimits;
  /** The whole environment of the plugin. */
  readonly env: Readonly<Record<string, string>>;
  /** A proxy has to enter the network namespace. */
  readonly needsNetwork: boolean;
  /** Descriptors of bwrap, by what it reads or writes there. */
  readonly fds: {
    readonly filter: number;
    /** First of those that hold the made-up files, in their order. */
    readonly files: number;
    readonly status: number;
  };
}

const MIB = 1_048_576;
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'];
const DEVICE_LINKS = { fd: '', stdin: '/0', stdout: '/1', stderr: '/2' };
const HOME = '/home/plugin';
/** Made by the profile itself: a grant must not lie above one of them, for it would then be made in the host's own folder. */
const OWN_TARGETS = [
  '/usr',
  '/bin',
  '/lib',
  '/lib64',
  '/sbin',
  '/proc',
  '/dev',
  '/tmp',
  HOME,
  '/plugin',
  '/data',
  '/cache',
  '/node_modules',
];

/** The arguments of bwrap that make the sandbox, without the command. Pure. */
export function profileArguments(profile: Profile): string[] {
  const { fds, limits, needsNetwork } = profile;
  return [
    // By name: where one of them cannot be made that is an error.
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net', '--unshare-cgroup-try'],
    // A second user namespace, which would not own the network: the filter forbids them anyway.
    ...(needsNetwork ? [] : ['--disable-userns']),
    ...['--uid', '1000', '--gid', '1000', '--hostname', 'plugin', '--new-session', '--die-with-parent', '--cap-drop', 'ALL'],
    ...['--seccomp', String(fds.filter), '--json-status-fd', String(fds.status)],
    ...system(profile),
    // Read-only, for sysctl files look at who owns them, not at capabilities.
    ...['--proc', '/proc', '--remount-ro', '/proc'],
    ...devices(limits),
    ...tmpfs('/tmp', limits.tmpMb, '1777'),
    ...tmpfs(HOME, 1, '0700'),
    ...profile.mounts.flatMap(({ source, target, mode }) => [mode === 'ro' ? '--ro-bind' : '--bind', source, target]),
    ...(profile.masks ?? []).flatMap(mask),
    ...['--chdir', '/plugin', '--clearenv'],
    ...Object.entries(profile.env).flatMap(([name, value]) => ['--setenv', name, value]),
    // Last: before it the root is a writable disk without a limit.
    ...['--remount-ro', '/'],
  ];
}

/** Why a mount must not be made, as a clause; undefined when all may. Pure. */
export function badMount(mounts: readonly SandboxMount[]): string | undefined {
  for (const [index, { target }] of mounts.entries()) {
    if (mounts.findIndex((other) => other.target === target) !== index)
      return `"${target}" is wanted twice; grant it once, and name no folder like the sandbox's own`;
    if (target.startsWith('/plugin/'))
      return `"${target}" lies in the plugin's own folder as it sees it; it cannot be granted by this name`;
    const covered = [...OWN_TARGETS, ...Object.keys(MADE_UP_FILES)].find((own) => own !== target && isWithin(own, target));
    if (covered !== undefined) return `"${target}" would cover the sandbox's own "${covered}"; grant what is needed inside it`;
    if (isWithin(target, '/proc') || isWithin(target, '/dev'))
      return `"${target}" lies in what the kernel itself shows; it cannot be granted`;
    if (target in MADE_UP_FILES) return `"${target}" is made up in the sandbox; it cannot be granted`;
    // A link that a plugin leaves in its folder would steer the next start (CVE-2026-87766).
    const above = mounts.find((other) => other.mode === 'rw' && other.target !== target && isWithin(target, other.target));
    if (above !== undefined) return `"${target}" lies in "${above.target}", which the plugin can write; grant one of the two`;
  }
  return undefined;
}

function system({ layout, fds }: Profile): string[] {
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...layout.flatMap(({ path, link }) => (link === undefined ? ['--ro-bind', path, path] : ['--symlink', link, path])),
    ...ETC_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
    ...Object.keys(MADE_UP_FILES).flatMap((path, index) => ['--perms', '0444', '--file', String(fds.files + index), path]),
    ...['--dir', '/home', '--chmod', '0755', '/etc', '--chmod', '0755', '/home'],
  ];
}

// By hand: --dev brings terminals, and a second user namespace with them. The devices stay writable mounts, for bwrap 0.8 takes them away with
// --remount-ro; their modes are safe all the same, since they belong to root and the plugin is never root on the host.
function devices({ tmpMb }: ResourceLimits): string[] {
  return [
    ...['--size', '65536', '--perms', '0755', '--tmpfs', '/dev'],
    ...DEVICES.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    ...Object.entries(DEVICE_LINKS).flatMap(([name, rest]) => ['--symlink', `/proc/self/fd${rest}`, `/dev/${name}`]),
    ...tmpfs('/dev/shm', tmpMb, '1777'),
    ...['--remount-ro', '/dev'],
  ];
}

// A device bound without its rights cannot even be opened.
function mask({ target, kind }: Mask): string[] {
  if (kind === 'file') return ['--ro-bind', '/dev/null', target];
  return ['--size', '4096', '--perms', '0555', '--tmpfs', target, '--remount-ro', target];
}

function tmpfs(target: string, sizeMb: number, mode: string): string[] {
  return ['--size', String(sizeMb * MIB), '--perms', mode, '--tmpfs', target];
}
