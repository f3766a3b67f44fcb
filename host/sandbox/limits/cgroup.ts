import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from './settings.ts';

/** Groups are named `outrigger-<pid of the host>-<number>`. */
export const GROUP_PREFIX = 'outrigger-';
/** Waits between attempts to remove a group, in milliseconds: two seconds in all. */
const RETRY_MS = [1, 2, 5, 10, 20, 50, 100, 200, 400, 600, 600];
// A process that moves itself, alone, need not wait for the kernel to stop all others: `tasks` of version 1 moves one thread.
const ENTER = `count=$1; shift
while [ "$count" -gt 0 ]; do
  if [ -e "$1/tasks" ]; then echo 0 >"$1/tasks"; else echo 0 >"$1/cgroup.procs"; fi || exit 125
  shift; count=$((count - 1))
done
exec "$@"`;

let made = 0;

/** A folder of a hierarchy in which groups for plugins can be made, and what is written into each. */
export interface GroupBase {
  readonly folder: string;
  readonly settings: readonly Setting[];
}

/** Groups of one plugin, one folder per hierarchy. */
export interface Groups {
  readonly folders: readonly string[];
  /** Words before a command: the process enters the groups and then becomes the command, or ends with code 125. */
  readonly words: readonly string[];
  /** Ends what is left in them and removes them, now or within two seconds. Idempotent; never throws. */
  remove(): void;
}

/** Makes a group with its settings in every base. Leaves nothing behind when it throws. */
export function makeGroups(bases: readonly GroupBase[]): Groups {
  const name = `${GROUP_PREFIX}${process.pid}-${++made}`;
  const folders: string[] = [];
  let isRemoved = false;
  const remove = (): void => {
    if (!isRemoved) removeAll(folders, 0);
    isRemoved = true;
  };
  try {
    for (const { folder, settings } of bases) {
      const group = join(folder, name);
      mkdirSync(group);
      folders.push(group);
      for (const setting of settings) apply(group, setting);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { folders, words: ['/bin/sh', '-c', ENTER, 'limits', String(folders.length), ...folders], remove };
}

/** Why groups cannot be made and entered here; undefined when they can. Tried with a shell that moves itself. */
export function whyNoGroups(bases: readonly GroupBase[]): string | undefined {
  try {
    const groups = makeGroups(bases);
    const [file = '', ...words] = [...groups.words, '/bin/true'];
    const tried = spawnSync(file, words, { env: {}, encoding: 'utf8', timeout: 10_000 });
    groups.remove();
    return tried.status === 0 ? undefined : (tried.stderr ?? '').trim().split('\n')[0] || 'a process could not be moved into a new group';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Removes empty groups of hosts that are gone; those with processes in them are left. Best effort. */
export function removeStale(folder: string): void {
  for (const name of listed(folder)) {
    const [, pid] = new RegExp(`^${GROUP_PREFIX}(\\d+)-\\d+$`).exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmdirSync(join(folder, name));
    } catch {
      // Not empty, somebody else's, or removed by another host at this moment.
    }
  }
}

function apply(group: string, { file, value, isOptional }: Setting): void {
  try {
    writeFileSync(join(group, file), value, { flag: 'r+' });
  } catch (error) {
    if (!isOptional) throw error;
  }
}

function removeAll(folders: readonly string[], attempt: number): void {
  const left = folders.filter((folder) => !removeOne(folder));
  const wait = RETRY_MS[attempt];
  // A process that was just killed is in its group until the kernel has taken it down. What is left after that is for the next host.
  if (left.length > 0 && wait !== undefined) setTimeout(() => removeAll(left, attempt + 1), wait);
}

function removeOne(folder: string): boolean {
  kill(folder);
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

// cgroup.kill is v2 only. Elsewhere nothing new may start (pids.max), and each is killed by its number.
function kill(folder: string): void {
  for (const [file, value] of [
    ['cgroup.kill', '1'],
    ['pids.max', '0'],
  ] as const) {
    apply(folder, { file, value, isOptional: true });
  }
  for (const pid of membersOf(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

// 0 stands for a process of another pid namespace: it is not ours to kill, and as a number it would mean our own group.
function membersOf(folder: string): number[] {
  try {
    const text = readFileSync(join(folder, 'cgroup.procs'), 'utf8');
    return text
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 1 && pid !== process.pid);
  } catch {
    return [];
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
