import { expect, test } from 'vitest';
import { type OciSeccomp, ociSeccomp } from '../../../../host/sandbox/drivers/oci-seccomp.ts';

/** What an engine makes of a call: the error number, 0 when it is let through. The first argument has 64 bits, as libseccomp compares. */
function verdict({ syscalls }: OciSeccomp, name: string, first = 0n): number {
  const isHit = ({ args }: OciSeccomp['syscalls'][number]): boolean =>
    (args ?? []).every(({ index, value, valueTwo }) => index === 0 && (first & BigInt(value)) === BigInt(valueTwo));
  return syscalls.find((rule) => rule.names.includes(name) && isHit(rule))?.errnoRet ?? 0;
}

const CLOSED = ociSeccomp({ canFork: false, ipc: false });
const OPEN = ociSeccomp({ canFork: true, ipc: true });
const THREAD = 0x003d0f00n;
const SIGCHLD = 17n;

test.each<[string, bigint, number, number]>([
  ['read', 0n, 0, 0],
  ['fork', 0n, 1, 0],
  ['vfork', 0n, 1, 0],
  ['clone', THREAD, 0, 0],
  ['clone', SIGCHLD, 1, 0],
  ['clone', THREAD | 0x10000000n, 1, 1],
  ['clone3', 0n, 38, 38],
  ['unshare', 0n, 1, 1],
  ['ptrace', 0n, 1, 1],
  ['bpf', 0n, 1, 1],
  ['keyctl', 0n, 1, 1],
  ['io_uring_setup', 0n, 38, 38],
  ['socket', 1n, 97, 0],
  ['socket', 2n, 0, 0],
  ['socket', 10n, 0, 0],
  ['socket', 16n, 0, 0],
  ['socket', 17n, 97, 97],
  ['socket', 38n, 97, 97],
  ['socket', 40n, 97, 97],
  ['socket', 64n, 97, 97],
  ['socket', 0x1_0000_0001n, 97, 0],
  ['socket', 0x1_0000_0028n, 97, 97],
  ['socketpair', 1n, 0, 0],
])('ociSeccomp() on %s(%s): errno %s with nothing granted, %s with processes and sockets', (name, first, closed, open) => {
  expect(verdict(CLOSED, name, first)).toBe(closed);
  expect(verdict(OPEN, name, first)).toBe(open);
});

test('ociSeccomp() lets through what an engine itself calls after it has set the filter', () => {
  for (const name of ['execve', 'setns', 'mount', 'chroot', 'prctl', 'capset']) expect(verdict(CLOSED, name)).toBe(0);
});

test.each([1024, 1040])('ociSeccomp() refuses leases, fcntl command %s, on whatever descriptor', (command) => {
  for (const filter of [CLOSED, OPEN]) {
    const rules = filter.syscalls.filter(({ names }) => names.includes('fcntl'));
    const hits = rules
      .flatMap(({ args }) => args ?? [])
      .filter(({ index, value, valueTwo }) => index === 1 && (command & value) >>> 0 === valueTwo);

    expect(hits).toHaveLength(1);
    expect(rules.map(({ errnoRet }) => errnoRet)).toEqual([1, 1]);
  }
});

test.each([
  ['socketpair', 1, 0, 0],
  ['socketpair', 0x80801, 0, 0],
  ['socketpair', 2, 1, 0],
  ['socketpair', 0x80005, 1, 0],
  ['fallocate', 0, 0, 0],
  ['fallocate', 1, 95, 95],
  ['fallocate', 0x11, 95, 95],
])('ociSeccomp() on %s with a second argument of %s: errno %s with nothing granted, %s with sockets', (name, second, closed, open) => {
  const answers = [CLOSED, OPEN].map(({ syscalls }) => {
    const isHit = ({ index, value, valueTwo }: { index: number; value: number; valueTwo: number }): boolean =>
      index === 1 && (second & value) >>> 0 === valueTwo;
    return syscalls.find((rule) => rule.names.includes(name) && rule.args?.every(isHit))?.errnoRet ?? 0;
  });

  expect(answers).toEqual([closed, open]);
});
