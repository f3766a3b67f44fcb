import { describeExit } from '../../process/launch.ts';
import { plainText } from '../../process/plain-text.ts';
import type { Exit } from '../../process/types.ts';
import { installCommand } from '../machine/install-command.ts';
import { APPARMOR_FIX } from '../machine/machine-layers.ts';
import type { Probe } from '../types.ts';

type Failure = Extract<Probe, { ok: false }>;

const CONTAINER = 'let the container make user namespaces (docker run --security-opt seccomp=unconfined), or use another driver';

/** What bwrap and its helpers say, and what it means here; the first that fits counts. */
const SAID: readonly (readonly [RegExp, string, string])[] = [
  [
    /loopback: Failed RTM_NEWADDR|setting up uid map: Permission denied/,
    'AppArmor forbids bubblewrap to make user namespaces',
    APPARMOR_FIX,
  ],
  [
    /No permissions to create (a )?new namespace|Creating new namespace failed: Operation not permitted|unshare.*Operation not permitted/,
    'user namespaces are not allowed here: by a sysctl, or because this is a container',
    `sysctl -w kernel.unprivileged_userns_clone=1; in a container: ${CONTAINER}`,
  ],
  [
    /No space left on device|ENOSPC/,
    'no more namespaces can be made: their number is limited, or this is a sandbox already',
    'sysctl -w user.max_user_namespaces=15000',
  ],
  [/Can't mount proc|pivot_root|Failed to make \/ slave/, 'this is a container that forbids mounts', CONTAINER],
  [/seccomp|PR_SET_SECCOMP/, 'the kernel takes no system call filter', 'use a kernel with CONFIG_SECCOMP_FILTER'],
  [/Unknown option/, 'this bubblewrap is too old', `${installCommand('bubblewrap')} (0.8.0 or later)`],
  [/^Cannot prepare /m, 'folders of root cannot be prepared for an ordinary user', 'run the host as an ordinary user'],
];

/** Why a sandbox did not start, out of what was said on stderr. Pure. */
export function explain(exit: Exit, stderr: string): Failure {
  const last = plainText(stderr.trim().split('\n').at(-1) ?? '', 300);
  const [, why, fix] = SAID.find(([pattern]) => pattern.test(stderr)) ?? [
    undefined,
    `a sandbox ${describeExit(exit)}`,
    'mend what the reason names',
  ];
  return { ok: false, why: last === '' ? why : `${why} ("${last}")`, fix };
}
