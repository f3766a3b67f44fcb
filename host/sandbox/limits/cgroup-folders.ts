import { join, relative } from 'node:path';

/** Controllers that limit a plugin; `cpu` may be missing. */
export type Controller = 'memory' | 'pids' | 'cpu';

/** One hierarchy of control groups. */
export interface Hierarchy {
  /** Where it is mounted. */
  readonly root: string;
  /** The host's own group in it. */
  readonly own: string;
}

export interface Hierarchies {
  readonly v2: Hierarchy | undefined;
  readonly v1: Readonly<Partial<Record<Controller, Hierarchy>>>;
}

interface Mounted {
  readonly type: string;
  /** Which group of the hierarchy is at the mount point; not `/` in containers. */
  readonly top: string;
  readonly at: string;
  readonly options: readonly string[];
}

/** Where the groups of this process are, out of /proc/self/cgroup and /proc/self/mountinfo. Pure. */
export function findHierarchies(cgroup: string, mountinfo: string): Hierarchies {
  const mounts = mountinfo.split('\n').flatMap(parseMount);
  const groups = new Map(cgroup.split('\n').flatMap(parseGroup));
  const place = (mount: Mounted | undefined, key: string): Hierarchy | undefined => {
    const group = groups.get(key);
    return mount === undefined || group === undefined ? undefined : { root: mount.at, own: ownFolder(mount, group) };
  };
  const v1: Partial<Record<Controller, Hierarchy>> = {};
  for (const controller of ['memory', 'pids', 'cpu'] as const) {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
    const found = place(mount, controller);
    if (found !== undefined) v1[controller] = found;
  }
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  return { v2: place(unified, ''), v1 };
}

// 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
function parseMount(line: string): Mounted[] {
  const [before, after] = line.split(' - ');
  const [, , , top, at] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (top === undefined || at === undefined || type === undefined) return [];
  return [{ type, top: unescaped(top), at: unescaped(at), options: options?.split(',') ?? [] }];
}

// 4:memory:/user.slice or 0::/user.slice; several controllers are separated by commas.
function parseGroup(line: string): [string, string][] {
  const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (controllers === undefined || path === undefined) return [];
  return controllers.split(',').map((controller) => [controller, path]);
}

// A group that lies outside of what is mounted is not reachable: the top is the nearest there is.
function ownFolder({ top, at }: Mounted, group: string): string {
  const below = relative(top, group);
  return below.startsWith('..') ? at : join(at, below);
}

// mountinfo writes blanks, tabs, newlines and backslashes in octal.
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
