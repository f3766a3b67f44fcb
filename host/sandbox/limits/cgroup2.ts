import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GROUP_PREFIX, removeStale, whyNoGroups } from './cgroup.ts';
import type { Hierarchies } from './cgroup-folders.ts';
import { PROBE_LIMITS, settingsV2 } from './settings.ts';
import type { HardLimit, Limiter } from './types.ts';

/**
 * Limits by cgroup v2, below the host's own group or at the top of what is mounted, where memory and pids are, or can be,
 * given to sub-groups. A reason when nowhere. Not run on the machine it was built on, which has no controllers in v2.
 */
export function findCgroup2({ v2 }: Hierarchies): Limiter | { readonly why: string } {
  if (v2 === undefined) return { why: 'no cgroup v2 is mounted' };
  const reasons: string[] = [];
  for (const folder of new Set([v2.own, v2.root])) {
    const found = attempt(folder);
    if (!('why' in found)) return found;
    reasons.push(found.why);
  }
  return { why: reasons.at(0) ?? 'no place was found' };
}

/** Which controllers sub-groups of a folder can have: those it gives on, or has and can give on. Undefined without memory and pids. Pure. */
export function usable(controllers: string): ReadonlySet<HardLimit> | undefined {
  const there = controllers.trim().split(/\s+/);
  const found = (['memory', 'pids', 'cpu'] as const).filter((name) => there.includes(name));
  return found.includes('memory') && found.includes('pids') ? new Set(found) : undefined;
}

function attempt(folder: string): Limiter | { why: string } {
  try {
    const has = usable(readFileSync(join(folder, 'cgroup.controllers'), 'utf8'));
    if (has === undefined) return { why: `${folder} has no memory and pids controllers` };
    const given = enable(folder, has);
    const why = whyNoGroups([{ folder, settings: settingsV2(PROBE_LIMITS, given) }]);
    return why === undefined ? limiter(folder, given) : { why };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** Gives controllers on to sub-groups. Throws when the kernel refuses, such as for a group with foreign processes in it. */
function enable(folder: string, wanted: ReadonlySet<HardLimit>): ReadonlySet<HardLimit> {
  const file = join(folder, 'cgroup.subtree_control');
  const given = usable(readFileSync(file, 'utf8'));
  if (given !== undefined) return given;
  const text = [...wanted].map((name) => `+${name}`).join(' ');
  try {
    writeFileSync(file, text, { flag: 'r+' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    // A group gives controllers on only when it has no processes itself. Where the host is the only one, it steps into a sub-group.
    stepAside(folder, () => writeFileSync(file, text, { flag: 'r+' }));
  }
  return wanted;
}

function stepAside(folder: string, then: () => void): void {
  const own = String(process.pid);
  const members = readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim();
  if (members !== own) throw new Error(`${folder} holds other processes too`);
  const leaf = join(folder, `${GROUP_PREFIX}${own}-0`);
  mkdirSync(leaf);
  try {
    writeFileSync(join(leaf, 'cgroup.procs'), own, { flag: 'r+' });
    then();
  } catch (error) {
    writeFileSync(join(folder, 'cgroup.procs'), own, { flag: 'r+' });
    rmdirSync(leaf);
    throw error;
  }
}

function limiter(folder: string, hard: ReadonlySet<HardLimit>): Limiter {
  removeStale(folder);
  const fix = `echo +cpu >${folder}/cgroup.subtree_control`;
  return {
    kind: 'cgroup2',
    label: `cgroup v2 at ${folder}`,
    hard,
    gap: hard.has('cpu') ? undefined : { why: 'the cpu controller is not given to sub-groups', fix },
    prefix: () => [],
    bases: (limits) => [{ folder, settings: settingsV2(limits, hard) }],
  };
}
