import { readFileSync } from 'node:fs';
import { HostError } from '../../protocol/errors.ts';
import { findHierarchies, type Hierarchies } from './cgroup-folders.ts';
import { findCgroup1 } from './cgroup1.ts';
import { findCgroup2 } from './cgroup2.ts';
import { findSystemd } from './systemd-scope.ts';
import type { HardLimit, Limiter, LimiterKind } from './types.ts';

export { prepareLimits } from './hold-limits.ts';
export type { Exceeded, HardLimit, HoldOptions, Limiter, LimiterKind, LimitHold } from './types.ts';

type Attempt = Limiter | { readonly why: string };

const KINDS: readonly LimiterKind[] = ['cgroup2', 'systemd', 'cgroup1', 'watchdog'];
const remembered = new Map<string, Limiter>();

/**
 * What limits plugins here, found once per process, by trying: cgroup v2, a systemd scope, cgroup v1, else the watchdog.
 * `OUTRIGGER_LIMITER` names one of them, for tests: it is that one or, where it does not work, the watchdog. Throws
 * CONFIG_INVALID for another word.
 */
export function findLimiter(forced: string | undefined = globalThis.process.env['OUTRIGGER_LIMITER']): Limiter {
  const word = forced || 'auto';
  const known = remembered.get(word);
  if (known !== undefined) return known;
  const found = find(word);
  remembered.set(word, found);
  return found;
}

function find(word: string): Limiter {
  if (word !== 'auto' && !KINDS.some((kind) => kind === word)) {
    throw new HostError('CONFIG_INVALID', `Cannot use OUTRIGGER_LIMITER "${word}": it is one of ${KINDS.join(', ')}`);
  }
  const reasons: string[] = [];
  const hierarchies = readHierarchies();
  for (const [kind, attempt] of Object.entries(ATTEMPTS)) {
    if (word !== 'auto' && word !== kind) continue;
    const found = attempt(hierarchies);
    if (!('why' in found)) return found;
    reasons.push(found.why);
  }
  return watchdog(reasons);
}

const ATTEMPTS: Readonly<Record<Exclude<LimiterKind, 'watchdog'>, (hierarchies: Hierarchies) => Attempt>> = {
  cgroup2: findCgroup2,
  systemd: () => findSystemd(process.geteuid?.() ?? 0),
  cgroup1: findCgroup1,
};

/** Nothing is hard: rlimits in the sandbox hold single processes, the watchdog the whole. */
function watchdog(reasons: readonly string[]): Limiter {
  const none = { kind: 'watchdog', label: 'watchdog', hard: new Set<HardLimit>(), prefix: () => [], bases: () => [] } as const;
  if (process.platform !== 'linux') {
    return { ...none, gap: { why: 'only folders are watched here, no memory: that needs Linux', fix: 'run untrusted plugins on Linux' } };
  }
  const uid = process.geteuid?.() ?? 0;
  const why = reasons.length === 0 ? 'OUTRIGGER_LIMITER asks for the watchdog' : `no control group can be used: ${reasons.join('; ')}`;
  const folders = ['memory', 'pids', 'cpu'].map((name) => `/sys/fs/cgroup/${name}/outrigger`).join(' ');
  const fix = `start the host in a session of systemd, or with cgroup v1 run as root: mkdir -p ${folders} && chown -R ${uid} ${folders}`;
  return { ...none, gap: { why, fix } };
}

function readHierarchies(): Hierarchies {
  try {
    return findHierarchies(readFileSync('/proc/self/cgroup', 'utf8'), readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    // No Linux, or no /proc.
    return { v2: undefined, v1: {} };
  }
}
