import { MISSING, REFUSED } from '../filter/seccomp-calls.ts';
import type { Policy } from '../types.ts';

interface Condition {
  readonly index: number;
  /** With SCMP_CMP_MASKED_EQ: the mask. */
  readonly value: number;
  readonly valueTwo: number;
  readonly op: 'SCMP_CMP_MASKED_EQ';
}

interface Rule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ERRNO';
  readonly errnoRet: number;
  readonly args?: readonly Condition[];
}

/** A filter as container engines read it: what is not named is allowed. */
export interface OciSeccomp {
  readonly defaultAction: 'SCMP_ACT_ALLOW';
  readonly architectures?: readonly string[];
  readonly syscalls: readonly Rule[];
}

const EPERM = 1;
const ENOSYS = 38;
const EOPNOTSUPP = 95;
const EAFNOSUPPORT = 97;
const CLONE_THREAD = 0x10000;
const CLONE_NEW = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
/** Leases on files, and on folders in kernels after 6.18: whoever opens them waits, the host too. */
const F_SETLEASES = [1024, 1040];
/** Types of sockets but SOCK_STREAM: a socket of another kind can be connected anew. */
const NO_STREAMS = [0, ...Array.from({ length: 14 }, (_, index) => index + 2)];
/** All that fallocate knows: what is behind the end of a file is bounded by no limit on its size. */
const FALLOCATE_MODES = [1, 2, 4, 8, 16, 32, 64];
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
/** The engine itself makes these calls after it has set the filter; in the plugin they need rights that it has not. */
const ENGINE_NEEDS = new Set([
  'chroot',
  'pivot_root',
  'mount',
  'umount2',
  'setns',
  'sethostname',
  'openat2',
  'fsopen',
  'fsconfig',
  'fsmount',
  'open_tree',
  'move_mount',
  'mount_setattr',
  'fspick',
]);

/** The calls that a plugin is refused, for engines that take the filter as JSON. The file system and capabilities are theirs to hold. Pure. */
export function ociSeccomp(policy: Pick<Policy, 'canFork' | 'ipc'>): OciSeccomp {
  const named = (names: readonly string[]): string[] => names.filter((name) => !ENGINE_NEEDS.has(name));
  const families = Array.from({ length: 64 }, (_, family) => family).filter((family) => !isAllowed(family, policy.ipc));
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      refuse(named(MISSING), ENOSYS),
      refuse(named(REFUSED), EPERM),
      ...CLONE_NEW.map((flag) => refuse(['clone'], EPERM, hasBits(flag, flag))),
      ...(policy.canFork ? [] : [refuse(['fork', 'vfork'], EPERM), refuse(['clone'], EPERM, hasBits(CLONE_THREAD, 0))]),
      // One by one, and every higher bit: engines compare 64 bits where the kernel looks at 32, so that "above 16" could be got round.
      ...families.map((family) => refuse(['socket'], EAFNOSUPPORT, hasBits(0xffffffff, family))),
      ...Array.from({ length: 26 }, (_, bit) => 2 ** (bit + 6)).map((bit) => refuse(['socket'], EAFNOSUPPORT, hasBits(bit, bit))),
      ...(policy.ipc ? [] : NO_STREAMS.map((type) => refuse(['socketpair'], EPERM, { ...hasBits(0xf, type), index: 1 }))),
      ...FALLOCATE_MODES.map((bit) => refuse(['fallocate'], EOPNOTSUPP, { ...hasBits(bit, bit), index: 1 })),
      ...F_SETLEASES.map((command) => refuse(['fcntl', 'fcntl64'], EPERM, { ...hasBits(0xffffffff, command), index: 1 })),
    ],
  };
}

function isAllowed(family: number, unix: boolean): boolean {
  return family === AF.inet || family === AF.inet6 || family === AF.netlink || (unix && family === AF.unix);
}

function refuse(names: readonly string[], errnoRet: number, condition?: Condition): Rule {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet, ...(condition ? { args: [condition] } : {}) };
}

/** Of the first argument. */
function hasBits(mask: number, value: number): Condition {
  return { index: 0, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}
