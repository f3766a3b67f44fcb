import { assemble, type Step } from './bpf.ts';
import { CALLS, type CallName, type CallTable, type FilterArch, MISSING, NEWEST_CALL, REFUSED } from './seccomp-calls.ts';

export interface SeccompOptions {
  /** Default: this machine's. */
  readonly arch?: string;
  /** AF_UNIX sockets; without it only pairs of connected streams, which stay among themselves. */
  readonly unixSockets: boolean;
  /** New processes; without it only threads come to be. */
  readonly fork: boolean;
  /** AF_INET and AF_INET6; off where no network namespace does the work. Default true. */
  readonly inet?: boolean;
  /** System V IPC; off where no IPC namespace does the work. Default true. */
  readonly sysvIpc?: boolean;
}

const ALLOWED: readonly Step[] = [{ verdict: 0x7fff0000 }];
const KILL_PROCESS = 0x80000000;
const refusal = (errno: number): Step[] => [{ verdict: 0x00050000 | errno }];
const EPERM = refusal(1);
const ENOSYS = refusal(38);
const NO_SUCH_PROTOCOL = refusal(93);
const NO_SUCH_FAMILY = refusal(97);
const NOT_SUPPORTED = refusal(95);

const NUMBER: Step = { load: 0 };
const ARCH: Step = { load: 4 };
/** Low word of an argument: all that are looked at are `int`, `mode_t` or flags of 32 bits in the kernel. */
const argument = (index: number): Step => ({ load: 16 + 8 * index });
const equal = (value: number, body: readonly Step[]): Step => ({ when: 'equal', value, body });
const anyBit = (value: number, body: readonly Step[]): Step => ({ when: 'anyBit', value, body });

const X32_BIT = 0x40000000;
const CLONE_NEW = 0x7e020000;
const CLONE_THREAD = 0x00010000;
const SET_ID_BITS = 0o6000;
const CREATING = 0x40 | 0x400000; // O_CREAT, __O_TMPFILE
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const F_SETLEASE = 1024;
/** The same for folders, of kernels after 6.18. */
const F_SETDELEG = 1040;

/** True when there is a filter for this architecture. */
export function hasFilter(arch: string = process.arch): arch is FilterArch {
  return arch in CALLS;
}

/** The filter's bytes, as `bwrap --seccomp` and `setpriv --seccomp-filter` read them. Pure. Throws a RangeError for an architecture without a table. */
export function seccompFilter(options: SeccompOptions): Buffer {
  const arch = options.arch ?? process.arch;
  if (!hasFilter(arch)) throw new RangeError(`there is no seccomp filter for "${arch}": only for ${Object.keys(CALLS).join(' and ')}`);
  const table = CALLS[arch];
  return assemble([
    ARCH,
    // A call of another ABI (32-bit on x64) would be read by the wrong table.
    { when: 'differs', value: table.audit, body: [{ verdict: KILL_PROCESS }] },
    NUMBER,
    ...(arch === 'x64' ? [{ when: 'atLeast', value: X32_BIT, body: [{ verdict: KILL_PROCESS }] } as const] : []),
    { when: 'atLeast', value: NEWEST_CALL + 1, body: ENOSYS },
    ...always(table, MISSING, ENOSYS),
    ...always(table, REFUSED, EPERM),
    ...(options.sysvIpc === false ? table.sysvIpc.map((number) => equal(number, EPERM)) : []),
    ...processes(table, options.fork),
    ...files(table),
    ...sockets(table, options),
    ...on(table, 'personality', [argument(0), equal(0, ALLOWED), equal(0xffffffff, ALLOWED), ...EPERM]),
    // Pushing characters into a terminal, and the console's own doors.
    ...on(table, 'ioctl', [argument(1), equal(TIOCSTI, EPERM), equal(TIOCLINUX, EPERM), ...ALLOWED]),
    // A lease makes whoever opens the file wait for its holder, the host too.
    ...on(table, 'fcntl', [argument(1), equal(F_SETLEASE, EPERM), equal(F_SETDELEG, EPERM), ...ALLOWED]),
    ...ALLOWED,
  ]);
}

function on({ numbers }: CallTable, name: CallName, body: readonly Step[]): Step[] {
  const number = numbers[name];
  return number === undefined ? [] : [equal(number, body)];
}

function always(table: CallTable, names: readonly CallName[], body: readonly Step[]): Step[] {
  return names.flatMap((name) => on(table, name, body));
}

function processes(table: CallTable, mayFork: boolean): Step[] {
  const rest = mayFork ? ALLOWED : [anyBit(CLONE_THREAD, ALLOWED), ...EPERM];
  return [
    ...on(table, 'clone', [argument(0), anyBit(CLONE_NEW, EPERM), ...rest]),
    ...(mayFork ? [] : always(table, ['fork', 'vfork'], EPERM)),
  ];
}

// No set-id file by any way of giving a mode, and no device: a granted folder is a real one.
function files(table: CallTable): Step[] {
  const noSetId = (index: number): Step[] => [argument(index), anyBit(SET_ID_BITS, EPERM), ...ALLOWED];
  const creating = (flags: number): Step[] => [argument(flags), anyBit(CREATING, noSetId(flags + 1)), ...ALLOWED];
  const device = [{ and: 0o170000 }, equal(0o020000, EPERM), equal(0o060000, EPERM)];
  const node = (index: number): Step[] => [argument(index), anyBit(SET_ID_BITS, EPERM), ...device, ...ALLOWED];
  return [
    ...on(table, 'open', creating(1)),
    ...on(table, 'openat', creating(2)),
    ...on(table, 'creat', noSetId(1)),
    ...on(table, 'chmod', noSetId(1)),
    ...on(table, 'fchmod', noSetId(1)),
    ...on(table, 'fchmodat', noSetId(2)),
    ...on(table, 'mknod', node(1)),
    ...on(table, 'mknodat', node(2)),
    // Without a mode it grows the file, which RLIMIT_FSIZE bounds; blocks behind the end of a file are bounded by nothing.
    ...on(table, 'fallocate', [argument(1), equal(0, ALLOWED), ...NOT_SUPPORTED]),
  ];
}

const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const SOCK_TYPE = 0xf;
const STREAM = 1;
const DATAGRAM = 2;
const SEQUENCE = 5;

function sockets(table: CallTable, { inet, unixSockets }: SeccompOptions): Step[] {
  const type = [argument(1), { and: SOCK_TYPE }] as const;
  // TCP and UDP, by name or by default: the kernel has rarer ones, each with code of its own to attack.
  const protocol = [argument(2), equal(0, ALLOWED), equal(6, ALLOWED), equal(17, ALLOWED), ...NO_SUCH_PROTOCOL];
  const internet = [...type, equal(STREAM, protocol), equal(DATAGRAM, protocol), ...EPERM];
  const stream = [...type, equal(STREAM, ALLOWED), ...EPERM];
  const unix = [...type, equal(STREAM, ALLOWED), equal(DATAGRAM, ALLOWED), equal(SEQUENCE, ALLOWED), ...EPERM];
  return [
    ...on(table, 'socket', [
      argument(0),
      ...(inet === false ? [] : [equal(AF.inet, internet), equal(AF.inet6, internet)]),
      ...(unixSockets ? [equal(AF.unix, unix)] : []),
      // NETLINK_ROUTE: programs list their interfaces by it.
      equal(AF.netlink, [argument(2), equal(0, ALLOWED), ...NO_SUCH_FAMILY]),
      ...NO_SUCH_FAMILY,
    ]),
    // Node builds the pipes of its children from pairs of streams. A datagram socket of a pair can be connected anew, to any path it sees.
    ...on(table, 'socketpair', [argument(0), equal(AF.unix, unixSockets ? unix : stream), ...NO_SUCH_FAMILY]),
  ];
}
