import { readlinkSync, type Stats, statSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { descriptorsOf } from './descriptors.ts';
import { processTree } from './process-tree.ts';
import { readFact } from './read-fact.ts';

/** Looks after which other work gets its turn, some 5 µs each. */
const LOOKS_AT_ONCE = 256;
/** The most that is looked at in one go: what has more open is bounded by its limit on descriptors and processes. */
const MAX_LOOKS = 65_536;
const DELETED = ' (deleted)';
/** As the plugin sees them: what an upgrade of the system or of the plugin took away, no plugin wrote. */
const READ_ONLY = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|plugin)\//;
const MAPPED = /^(\w+)-(\w+) \S+ \w+ (\w+):(\w+) (\d+) +(.*)$/;

/**
 * Bytes of files on the disks of `folders` that have no name any more and live on while a process of the tree has them open or mapped. Of what
 * is only mapped the mapped part counts. Not seen is what is only on its way in a socket. Never rejects. Linux only: elsewhere 0.
 */
export async function namelessBytes(pid: number, folders: readonly string[]): Promise<number> {
  const devices = new Set(folders.flatMap(deviceOf));
  if (devices.size === 0) return 0;
  const found = new Map<string, number>();
  const pids = processTree(pid);
  for (const [index, path] of pids.flatMap(descriptorsOf).slice(0, MAX_LOOKS).entries()) {
    if (index % LOOKS_AT_ONCE === 0) await breathe();
    const stats = namelessAt(path);
    if (stats !== undefined && devices.has(stats.dev)) found.set(`${stats.dev}:${stats.ino}`, sizeOf(stats));
  }
  for (const [key, bytes] of pids.flatMap((each) => [...mappedIn(each, devices)])) found.set(key, Math.max(bytes, found.get(key) ?? 0));
  return [...found.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function deviceOf(folder: string): number[] {
  try {
    return [statSync(folder).dev];
  } catch {
    // Not made yet, or gone.
    return [];
  }
}

function namelessAt(path: string): Stats | undefined {
  try {
    // Only those: to follow another one could wait for a file system that does not answer.
    const name = readlinkSync(path);
    if (!name.endsWith(DELETED) || READ_ONLY.test(name)) return undefined;
    const stats = statSync(path);
    return stats.isFile() && stats.nlink === 0 ? stats : undefined;
  } catch {
    // Closed meanwhile.
    return undefined;
  }
}

// As elsewhere: holes count, and so do blocks behind the end.
function sizeOf({ size, blocks }: Stats): number {
  return Math.max(size, blocks * 512);
}

// Lines such as `7f0…-7f1… rw-s 00000000 fe:01 131 /data/x (deleted)`: what is mapped lives on when it is closed.
function mappedIn(pid: number, devices: ReadonlySet<number>): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of readFact(`/proc/${pid}/maps`).split('\n')) {
    if (!line.endsWith(DELETED)) continue;
    const [, from = '', to = '', major = '', minor = '', inode, name = ''] = MAPPED.exec(line) ?? [];
    const device = deviceNumber(Number.parseInt(major, 16), Number.parseInt(minor, 16));
    const key = `${device}:${inode}`;
    if (devices.has(device) && !READ_ONLY.test(name))
      found.set(key, (found.get(key) ?? 0) + Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)));
  }
  return found;
}

/** As stat() says it: `makedev` of the C library, below 2^32. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x100000;
}
