import { join } from 'node:path';
import { type GroupBase, removeStale, whyNoGroups } from './cgroup.ts';
import type { Controller, Hierarchies, Hierarchy } from './cgroup-folders.ts';
import { PROBE_LIMITS, settingsV1 } from './settings.ts';
import type { Limiter } from './types.ts';

type Bases = Limiter['bases'];

/**
 * Limits by cgroup v1, where memory and pids can be used: in the host's own groups, at the top, or in a folder `outrigger` that
 * an administrator made there and gave to the user. A reason when nowhere.
 */
export function findCgroup1({ v1 }: Hierarchies): Limiter | { readonly why: string } {
  const { memory, pids, cpu } = v1;
  if (memory === undefined || pids === undefined) return { why: 'no cgroup v1 with memory and pids is mounted' };
  const reasons: string[] = [];
  for (const place of PLACES) {
    for (const third of cpu === undefined ? [undefined] : [cpu, undefined]) {
      const found = attempt(place, { memory, pids, ...(third && { cpu: third }) });
      if (!('why' in found)) return found;
      reasons.push(found.why);
    }
  }
  return { why: reasons.at(0) ?? 'no place was found' };
}

const PLACES: readonly ((hierarchy: Hierarchy) => string)[] = [({ own }) => own, ({ root }) => root, ({ root }) => join(root, 'outrigger')];

function attempt(
  place: (hierarchy: Hierarchy) => string,
  hierarchies: Readonly<Partial<Record<Controller, Hierarchy>>>,
): Limiter | { why: string } {
  const folders = new Map(Object.entries(hierarchies).map(([controller, hierarchy]) => [controller as Controller, place(hierarchy)]));
  const bases = basesIn(folders);
  const why = whyNoGroups(bases(PROBE_LIMITS));
  if (why !== undefined) return { why };
  for (const folder of folders.values()) removeStale(folder);
  const hasCpu = folders.has('cpu');
  return {
    kind: 'cgroup1',
    label: `cgroup v1 at ${folders.get('memory')}`,
    hard: new Set(folders.keys()),
    gap: hasCpu ? undefined : { why: 'no cgroup of the cpu controller can be used', fix: 'mount it, and let this user write to it' },
    prefix: () => [],
    bases,
  };
}

/** Controllers that are mounted together share a folder, and so a group. */
function basesIn(folders: ReadonlyMap<Controller, string>): Bases {
  return (limits) => {
    const byFolder = new Map<string, GroupBase>();
    for (const [controller, folder] of folders) {
      const settings = [...(byFolder.get(folder)?.settings ?? []), ...settingsV1(controller, limits)];
      byFolder.set(folder, { folder, settings });
    }
    return [...byFolder.values()];
  };
}
