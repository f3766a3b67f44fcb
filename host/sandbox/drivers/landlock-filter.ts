import { assemble, type Step } from '../filter/bpf.ts';
import { CALLS, type CallTable, type FilterArch } from '../filter/seccomp-calls.ts';

/**
 * Calls that change modes, owners, times and attributes of files, which Landlock does not look at, and calls that send signals,
 * which without a process namespace reach every process of the user. From 424 on numbers are the same everywhere.
 */
const REFUSED: Readonly<Record<FilterArch, readonly number[]>> = {
  // chmod fchmod chown fchown lchown utime utimes setxattr… removexattr… futimesat fchownat fchmodat utimensat
  x64: [90, 91, 92, 93, 94, 132, 235, 188, 189, 190, 197, 198, 199, 261, 260, 268, 280, ...[62, 129, 200, 234, 297]],
  // setxattr… removexattr… fchmod fchmodat fchownat fchown utimensat
  arm64: [5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 88, ...[129, 130, 131, 138, 240]],
};
const PIDFD_SEND_SIGNAL = 424;
const EPERM: Step = { verdict: 0x00050001 };

/** A second filter, laid over `seccompFilter()`, for what other drivers hold by namespaces. Pure. */
export function landlockFilter(arch: FilterArch): Buffer {
  const { audit }: CallTable = CALLS[arch];
  return assemble([
    { load: 4 },
    { when: 'differs', value: audit, body: [{ verdict: 0x80000000 }] },
    { load: 0 },
    ...[...REFUSED[arch], PIDFD_SEND_SIGNAL].map((value): Step => ({ when: 'equal', value, body: [EPERM] })),
    { verdict: 0x7fff0000 },
  ]);
}
