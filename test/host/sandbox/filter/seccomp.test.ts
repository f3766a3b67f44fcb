import { expect, test as plainTest } from 'vitest';
import { hasFilter, type SeccompOptions, seccompFilter } from '../../../../host/sandbox/filter/seccomp.ts';
import { CALLS, MISSING, REFUSED } from '../../../../host/sandbox/filter/seccomp-calls.ts';
import { runConfined } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

const X64 = 0xc000003e;
const ARM64 = 0xc00000b7;
const PYTHON = '/usr/bin/python3';

/** Runs the program as the kernel would, on `struct seccomp_data`. */
function verdict(program: Buffer, audit: number, number: number, args: readonly number[] = []): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(audit, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [code, skipTrue, skipFalse, value] = [
      program.readUInt16LE(at),
      program[at + 2] ?? 0,
      program[at + 3] ?? 0,
      program.readUInt32LE(at + 4),
    ];
    const jump = (holds: boolean): void => {
      at += 8 * (holds ? skipTrue : skipFalse);
    };
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) jump(accumulator === value);
    else if (code === 0x35) jump(accumulator >= value);
    else if (code === 0x45) jump((accumulator & value) !== 0);
    else if (code === 0x06) return nameOf(value);
    else throw new Error(`no such instruction: ${code}`);
  }
  throw new Error('the program does not end');
}

function nameOf(value: number): string {
  const names: Record<number, string> = {
    2147418112: 'allow',
    2147483648: 'kill',
    327681: 'EPERM',
    327718: 'ENOSYS',
    327773: 'EPROTONOSUPPORT',
    327775: 'EOPNOTSUPP',
    327777: 'EAFNOSUPPORT',
  };
  return names[value] ?? `0x${value.toString(16)}`;
}

const strict: SeccompOptions = { arch: 'x64', unixSockets: false, fork: false };
const loose: SeccompOptions = { arch: 'x64', unixSockets: true, fork: true };
const THREAD = 0x3d0f00;

plainTest.for([
  ['read', strict, 0, [], 'allow'],
  ['execve', strict, 59, [], 'allow'],
  ['landlock_restrict_self', strict, 446, [], 'allow'],
  ['mount', loose, 165, [], 'EPERM'],
  ['ptrace', loose, 101, [], 'EPERM'],
  ['bpf', loose, 321, [], 'EPERM'],
  ['userfaultfd', loose, 323, [], 'EPERM'],
  ['fanotify_init', loose, 300, [], 'EPERM'],
  ['process_madvise', loose, 440, [], 'EPERM'],
  ['pidfd_getfd', loose, 438, [], 'EPERM'],
  ['io_uring_setup', loose, 425, [], 'ENOSYS'],
  ['clone3', loose, 435, [], 'ENOSYS'],
  ['openat2', loose, 437, [], 'ENOSYS'],
  ['fchmodat2', loose, 452, [], 'ENOSYS'],
  ['memfd_secret', loose, 447, [], 'ENOSYS'],
  ['mseal', loose, 462, [], 'allow'],
  ['a call newer than the table', loose, 463, [], 'ENOSYS'],
  ['a call of the x32 ABI', loose, 0x40000000, [], 'kill'],
  ['fork', strict, 57, [], 'EPERM'],
  ['vfork', strict, 58, [], 'EPERM'],
  ['fork, where allowed', loose, 57, [], 'allow'],
  ['clone of a process', strict, 56, [0x11], 'EPERM'],
  ['clone as vfork', strict, 56, [0x4111], 'EPERM'],
  ['clone of a thread', strict, 56, [THREAD], 'allow'],
  ['clone of a process, where allowed', loose, 56, [0x11], 'allow'],
  ['clone with a user namespace', loose, 56, [0x10000011], 'EPERM'],
  ['clone of a thread with a namespace', strict, 56, [THREAD | 0x20000], 'EPERM'],
  ['socket TCP', strict, 41, [2, 1, 6], 'allow'],
  ['socket UDP, close-on-exec', strict, 41, [10, 0x80802, 0], 'allow'],
  ['socket ICMP', strict, 41, [2, 2, 1], 'EPROTONOSUPPORT'],
  ['socket MPTCP', strict, 41, [2, 1, 262], 'EPROTONOSUPPORT'],
  ['socket raw', strict, 41, [2, 3, 0], 'EPERM'],
  ['socket packet in the Internet family', strict, 41, [2, 10, 0], 'EPERM'],
  ['socket AF_UNIX', strict, 41, [1, 1, 0], 'EAFNOSUPPORT'],
  ['socket AF_UNIX, where allowed', loose, 41, [1, 1, 0], 'allow'],
  ['socket AF_VSOCK', loose, 41, [40, 1, 0], 'EAFNOSUPPORT'],
  ['socket AF_ALG', loose, 41, [38, 5, 0], 'EAFNOSUPPORT'],
  ['socket netlink route', strict, 41, [16, 3, 0], 'allow'],
  ['socket netlink netfilter', strict, 41, [16, 3, 12], 'EAFNOSUPPORT'],
  ['socketpair', strict, 53, [1, 1, 0], 'allow'],
  ['socketpair of streams, close-on-exec', strict, 53, [1, 0x80801, 0], 'allow'],
  ['socketpair of datagrams', strict, 53, [1, 2, 0], 'EPERM'],
  ['socketpair of datagrams, close-on-exec', strict, 53, [1, 0x80002, 0], 'EPERM'],
  ['socketpair of sequenced packets', strict, 53, [1, 5, 0], 'EPERM'],
  ['socketpair of datagrams, where allowed', loose, 53, [1, 2, 0], 'allow'],
  ['fallocate', strict, 285, [3, 0, 0, 4096], 'allow'],
  ['fallocate behind the end', strict, 285, [3, 1, 0, 4096], 'EOPNOTSUPP'],
  ['fallocate of zeros behind the end', loose, 285, [3, 0x11, 0, 4096], 'EOPNOTSUPP'],
  ['socketpair of TIPC', loose, 53, [30, 1, 0], 'EAFNOSUPPORT'],
  ['socket AF_INET, without', { ...loose, inet: false }, 41, [2, 1, 0], 'EAFNOSUPPORT'],
  ['shmget', loose, 29, [], 'allow'],
  ['shmget, without', { ...loose, sysvIpc: false }, 29, [], 'EPERM'],
  ['chmod 755', strict, 90, [0, 0o755], 'allow'],
  ['chmod 4755', strict, 90, [0, 0o4755], 'EPERM'],
  ['fchmodat 2755', strict, 268, [0, 0, 0o2755], 'EPERM'],
  ['open to make a set-uid file', strict, 2, [0, 0x41, 0o4755], 'EPERM'],
  ['openat to make a set-uid file', strict, 257, [0, 0, 0x41, 0o4755], 'EPERM'],
  ['openat to make a file', strict, 257, [0, 0, 0x41, 0o644], 'allow'],
  ['openat to read, with rubbish for a mode', strict, 257, [0, 0, 0, 0o4755], 'allow'],
  ['openat for a nameless set-uid file', strict, 257, [0, 0, 0x410002, 0o4755], 'EPERM'],
  ['creat of a set-group file', strict, 85, [0, 0o2755], 'EPERM'],
  ['mknod of a device', strict, 133, [0, 0o020666], 'EPERM'],
  ['mknod of a FIFO', strict, 133, [0, 0o010666], 'allow'],
  ['ioctl TIOCSTI', strict, 16, [0, 0x5412], 'EPERM'],
  ['ioctl TIOCSTI with rubbish above', strict, 16, [0, 0x100005412], 'EPERM'],
  ['ioctl FIONREAD', strict, 16, [0, 0x541b], 'allow'],
  ['fcntl F_SETLEASE', loose, 72, [3, 1024, 0], 'EPERM'],
  ['fcntl F_SETLEASE with rubbish above', loose, 72, [3, 0x100000400, 1], 'EPERM'],
  ['fcntl F_SETDELEG', loose, 72, [3, 1040, 0], 'EPERM'],
  ['fcntl F_SETFL', strict, 72, [3, 4, 0x800], 'allow'],
  ['personality, asked for', strict, 135, [0xffffffff], 'allow'],
  ['personality ADDR_NO_RANDOMIZE', strict, 135, [0x0040000], 'EPERM'],
] as const)('seccompFilter() answers %s', ([, options, number, args, expected]) => {
  expect(verdict(seccompFilter(options), X64, number, args)).toBe(expected);
});

plainTest.for([
  ['mount', 40, [], 'EPERM'],
  ['ptrace', 117, [], 'EPERM'],
  ['clone of a process', 220, [0x11], 'EPERM'],
  ['clone of a thread', 220, [THREAD], 'allow'],
  ['openat to make a set-uid file', 56, [0, 0, 0x41, 0o4755], 'EPERM'],
  ['fchmodat 4755', 53, [0, 0, 0o4755], 'EPERM'],
  ['socket AF_VSOCK', 198, [40, 1, 0], 'EAFNOSUPPORT'],
  ['io_uring_setup', 425, [], 'ENOSYS'],
  ['fcntl F_SETLEASE', 25, [3, 1024, 0], 'EPERM'],
  ['socketpair of datagrams', 199, [1, 2, 0], 'EPERM'],
  ['fallocate behind the end', 47, [3, 1, 0, 4096], 'EOPNOTSUPP'],
  ['write', 64, [], 'allow'],
] as const)('seccompFilter() for arm64 answers %s', ([, number, args, expected]) => {
  expect(verdict(seccompFilter({ ...strict, arch: 'arm64' }), ARM64, number, args)).toBe(expected);
});

plainTest('seccompFilter() kills what calls through another ABI', () => {
  expect(verdict(seccompFilter(loose), 0x40000003, 11)).toBe('kill');
  expect(verdict(seccompFilter({ ...loose, arch: 'arm64' }), 0x40000028, 11)).toBe('kill');
});

plainTest('seccompFilter() knows a number for every call it denies, on one architecture at least', () => {
  const known = new Set(Object.values(CALLS).flatMap((table) => Object.keys(table.numbers)));

  expect([...MISSING, ...REFUSED].filter((name) => !known.has(name))).toEqual([]);
});

plainTest('seccompFilter() refuses an architecture it has no table for', () => {
  expect(hasFilter('riscv64')).toBe(false);
  expect(() => seccompFilter({ ...strict, arch: 'riscv64' })).toThrow('there is no seccomp filter for "riscv64"');
});

const test = testWith('bwrap', 'bubblewrap');
const MACHINE = process.arch === 'arm64' ? 'arm64' : 'x64';

/** Python that makes raw system calls and prints each errno name. */
const attempts = (names: readonly string[]): string => `
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for name, number in ${JSON.stringify(names.map((name) => [name, CALLS[MACHINE].numbers[name]]))}:
  ctypes.set_errno(0)
  libc.syscall(number, 0, 0, 0, 0, 0, 0)
  print(name, errno.errorcode.get(ctypes.get_errno(), ctypes.get_errno()))
`;

test('seccompFilter() holds in the kernel too: what it denies fails, threads and children work as they may', async () => {
  const names = ['mount', 'keyctl', 'bpf', 'unshare', 'fanotify_init', 'io_uring_setup', 'openat2', 'clone3'];
  const forks =
    'import os, threading\nt = threading.Thread(target=print, args=("thread",)); t.start(); t.join()\ntry: print("child", os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1])\nexcept OSError as e: print(e.errno)';

  const denied = await runConfined([PYTHON, '-c', attempts(names)]);
  const without = await runConfined([PYTHON, '-c', forks], { canFork: false });
  const granted = await runConfined([PYTHON, '-c', forks], { canFork: true });

  expect(denied.stdout).toBe(names.map((name) => `${name} ${MISSING.includes(name) ? 'ENOSYS' : 'EPERM'}\n`).join(''));
  expect(without.stdout).toBe('thread\n1\n');
  expect(granted.stdout).toBe('thread\nchild 0\n');
});

test('seccompFilter() lets no set-id file be made, by whatever call', async () => {
  const script =
    'import os\nfor f in (lambda: os.open("/tmp/a", os.O_CREAT | os.O_WRONLY, 0o4755), lambda: (open("/tmp/b", "w"), os.chmod("/tmp/b", 0o4755)), lambda: os.mknod("/tmp/c", 0o104755)):\n  try: f(); print("made")\n  except OSError as e: print(e.errno)';

  expect((await runConfined([PYTHON, '-c', script])).stdout).toBe('1\n1\n1\n');
});
