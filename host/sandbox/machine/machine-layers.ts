import { existsSync, readFileSync } from 'node:fs';
import { hasFilter } from '../filter/seccomp.ts';
import { installCommand, type PackageName } from './install-command.ts';

/** One part of what confines plugins, as it is on this machine. */
export interface Layer {
  readonly name: string;
  readonly state: 'on' | 'partial' | 'off';
  readonly message: string;
  readonly fix?: string;
  /** Nothing is weaker without it while another driver does the work. */
  readonly isOptional?: boolean;
}

/** What the layers are read from; the machine itself, or a test's picture of one. */
export interface Machine {
  /** Trimmed; undefined when it cannot be read. */
  read(file: string): string | undefined;
  has(file: string): boolean;
  readonly uid: number | undefined;
  readonly arch: string;
}

const THIS_MACHINE: Machine = {
  read: (file) => {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      return undefined;
    }
  },
  has: existsSync,
  uid: process.getuid?.(),
  arch: process.arch,
};

const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'mnt', 'uts'];
const SYSCTL = '/proc/sys/';
/** Loads the profile that Ubuntu ships for bubblewrap. */
export const APPARMOR_FIX: string =
  'run: sudo apt-get install apparmor-profiles; sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/; ' +
  'sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict (with no other profile for /usr/bin/bwrap: of two, neither applies)';

/** Everything of a Linux kernel and of small programs that drivers build on. Reads files, starts nothing. */
export function machineLayers(machine: Machine = THIS_MACHINE): Layer[] {
  return [namespaces(machine), seccomp(machine), landlock(machine), ...programs(machine), ...surroundings(machine)];
}

function namespaces({ read, has }: Machine): Layer {
  const name = 'namespaces';
  const missing = NAMESPACES.filter((each) => !has(`/proc/self/ns/${each}`));
  if (missing.length > 0)
    return { name, state: 'off', message: `the kernel has no ${missing.join(', ')} namespaces`, fix: 'use a kernel with all namespaces' };
  const switchedOff = [
    { file: 'kernel/unprivileged_userns_clone', bad: '0', fix: 'sudo sysctl -w kernel.unprivileged_userns_clone=1' },
    { file: 'user/max_user_namespaces', bad: '0', fix: 'sudo sysctl -w user.max_user_namespaces=15000' },
  ].find(({ file, bad }) => read(SYSCTL + file) === bad);
  if (switchedOff !== undefined) {
    const { file, bad, fix } = switchedOff;
    return { name, state: 'off', message: `user namespaces are switched off: ${file.replace('/', '.')} is ${bad}`, fix };
  }
  if (read(`${SYSCTL}kernel/apparmor_restrict_unprivileged_userns`) === '1') {
    // Whether bubblewrap has a profile of its own is seen by starting it.
    return { name, state: 'partial', message: 'AppArmor lets only programs with a profile make user namespaces', fix: APPARMOR_FIX };
  }
  return { name, state: 'on', message: `${NAMESPACES.join(', ')}` };
}

function seccomp({ read, arch }: Machine): Layer {
  const name = 'seccomp';
  if (!hasFilter(arch))
    return { name, state: 'off', message: `there is no filter of system calls for ${arch}`, fix: 'run Outrigger on x64 or arm64' };
  const actions = read(`${SYSCTL}kernel/seccomp/actions_avail`);
  if (actions?.includes('errno') === true) return { name, state: 'on', message: `the kernel takes filters; there is one for ${arch}` };
  return { name, state: 'off', message: 'the kernel takes no filter of system calls', fix: 'use a kernel with CONFIG_SECCOMP_FILTER' };
}

function landlock({ read }: Machine): Layer {
  const name = 'landlock';
  const modules = read('/sys/kernel/security/lsm');
  if (modules === undefined) {
    return { name, state: 'partial', message: 'cannot be told: /sys/kernel/security is not mounted', isOptional: true };
  }
  if (modules.split(',').includes('landlock')) return { name, state: 'on', message: 'the kernel has it', isOptional: true };
  return {
    name,
    state: 'off',
    message: 'the kernel was started without it',
    fix: `start it with lsm=landlock,${modules}`,
    isOptional: true,
  };
}

interface Helper {
  readonly name: string;
  readonly files: readonly string[];
  readonly use: string;
  readonly package: PackageName;
  readonly isOptional?: boolean;
}

function helpers(isRoot: boolean): Helper[] {
  return [
    { name: 'prlimit', files: ['/usr/bin/prlimit'], use: 'limits of single processes', package: 'util-linux' },
    { name: 'nsenter', files: ['/usr/bin/nsenter'], use: 'lets a plugin reach the hosts of its allow-list', package: 'util-linux' },
    ...(isRoot
      ? [{ name: 'perl', files: ['/usr/bin/perl'], use: 'shows folders of root to a plugin that is not root', package: 'perl' } as const]
      : []),
    {
      name: 'python3',
      files: ['/usr/bin/python3', '/usr/local/bin/python3'],
      use: 'runs a part of the attacks of sandbox-test',
      package: 'python3',
      isOptional: true,
    },
  ];
}

function programs({ has, uid }: Machine): Layer[] {
  return helpers(uid === 0).map(({ name, files, use, package: from, isOptional = false }) => {
    const found = files.find(has);
    if (found !== undefined) return { name, state: 'on', message: `${found}: ${use}`, isOptional };
    return { name, state: 'off', message: `${files[0]} is missing: ${use}`, fix: installCommand(from, has), isOptional };
  });
}

/** Where namespaces are often forbidden, and what is to be done there. */
function surroundings({ read, has }: Machine): Layer[] {
  if (has('/.dockerenv') || has('/run/.containerenv')) {
    const message = 'this is a container: its engine may forbid user namespaces';
    return [
      { name: 'surroundings', state: 'on', message: `${message} (then start it with --security-opt seccomp=unconfined)`, isOptional: true },
    ];
  }
  if (/microsoft/i.test(read('/proc/sys/kernel/osrelease') ?? '') && !/wsl2/i.test(read('/proc/sys/kernel/osrelease') ?? '')) {
    return [
      {
        name: 'surroundings',
        state: 'partial',
        message: 'this is WSL 1, which has no namespaces',
        fix: 'run: wsl --set-version <distribution> 2',
      },
    ];
  }
  return [];
}
