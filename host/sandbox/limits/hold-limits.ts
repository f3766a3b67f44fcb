import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResourceLimits } from '../types.ts';
import { type Groups, makeGroups } from './cgroup.ts';
import { readFact } from './read-fact.ts';
import { oomKills } from './settings.ts';
import { followScope, type Scope } from './systemd-scope.ts';
import type { Exceeded, HardLimit, HoldOptions, Limiter, LimitHold, PreparedLimits } from './types.ts';
import { watch } from './watch.ts';

/** Where only the watchdog limits memory and the machine runs out, the plugin goes before the host does. */
const OOM_SCORE = '600';
const OOM_FILES = ['memory.events', 'memory.oom_control'];

/** Makes the limits of one plugin, before it is started. Never throws: a limit that cannot be set is soft, and `hard` of the hold says so. */
export function prepareLimits(limiter: Limiter, plugin: string, limits: ResourceLimits): PreparedLimits {
  const groups = groupsFor(limiter, limits);
  const hard: ReadonlySet<HardLimit> = groups !== undefined || limiter.kind === 'systemd' ? limiter.hard : new Set();
  return {
    hard,
    words: [...limiter.prefix(plugin, limits), ...(groups?.words ?? [])],
    hold: (options) => holdProcess({ limiter, limits, groups, hard }, options),
    discard: () => groups?.remove(),
  };
}

interface Prepared {
  readonly limiter: Limiter;
  readonly limits: ResourceLimits;
  readonly groups: Groups | undefined;
  readonly hard: ReadonlySet<HardLimit>;
}

function holdProcess({ limiter, limits, groups, hard }: Prepared, options: HoldOptions): LimitHold {
  const { pid, writable } = options;
  const scope = limiter.kind === 'systemd' ? followScope(pid, process.geteuid?.() ?? 0) : undefined;
  if (!hard.has('memory')) raiseOomScore(pid);
  const watched = watch({
    pid,
    memoryMb: hard.has('memory') ? undefined : limits.memoryMb,
    writable,
    storageMb: limits.storageMb,
    onExceeded: () => options.onExceeded(),
  });
  let last: Exceeded | undefined;
  let isClosed = false;
  const exceeded = (): Exceeded | undefined => {
    if (!isClosed) last ??= watched.exceeded() ?? endedForMemory({ groups, scope, memoryMb: limits.memoryMb });
    return last;
  };
  return {
    hard,
    exceeded,
    close: () => {
      if (isClosed) return;
      exceeded();
      isClosed = true;
      watched.stop();
      groups?.remove();
      scope?.close();
    },
  };
}

function groupsFor(limiter: Limiter, limits: ResourceLimits): Groups | undefined {
  const bases = limiter.bases(limits);
  try {
    return bases.length === 0 ? undefined : makeGroups(bases);
  } catch {
    return undefined;
  }
}

interface Ended {
  readonly groups: Groups | undefined;
  readonly scope: Scope | undefined;
  readonly memoryMb: number;
}

function endedForMemory({ groups, scope, memoryMb }: Ended): Exceeded | undefined {
  const files = (groups?.folders ?? []).flatMap((folder) => OOM_FILES.map((name) => join(folder, name)));
  const isEnded = files.some((file) => oomKills(readFact(file)) > 0) || scope?.wasEndedForMemory() === true;
  return isEnded ? { kind: 'memory', message: `the kernel ended it for memory; its limit is ${memoryMb} MiB` } : undefined;
}

function raiseOomScore(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE, { flag: 'r+' });
  } catch {
    // Gone, or no Linux: it is a preference, no limit.
  }
}
