import { Memfds } from './memfds.ts';
import { processTree } from './process-tree.ts';
import { readFact } from './read-fact.ts';

/**
 * Memory of a process and its descendants, in KiB, without what programs share as files. Shared memory is counted once for each
 * process at first; only where that is above `nearKb` is it shared out, which costs the kernel a walk over every page. Files in
 * memory count whole where nobody maps them, and at least as much as what is mapped: up to twice the limit can hide there.
 * System V memory that nobody has attached is not seen. 0 when the process is gone.
 */
export function treeMemoryKb(pid: number, nearKb: number, memfds: Memfds = new Memfds()): number {
  const pids = processTree(pid);
  const inFiles = memfds.lookAt(pids);
  const quick = pids.map(residentKb);
  const isNear = sum(quick.map(({ anon, shared }) => anon + shared)) + inFiles > nearKb;
  const uses = isNear ? pids.map((each, index) => proportionalKb(each) ?? quick[index] ?? NOTHING) : quick;
  // What is mapped of a file in memory is in both numbers.
  return sum(uses.map(({ anon }) => anon)) + Math.max(sum(uses.map(({ shared }) => shared)), inFiles);
}

/** KiB of one process. */
interface Use {
  readonly anon: number;
  readonly shared: number;
}

const NOTHING: Use = { anon: 0, shared: 0 };

function residentKb(pid: number): Use {
  const text = readFact(`/proc/${pid}/status`);
  return { anon: kbOf(text, 'RssAnon') ?? 0, shared: kbOf(text, 'RssShmem') ?? 0 };
}

function proportionalKb(pid: number): Use | undefined {
  const text = readFact(`/proc/${pid}/smaps_rollup`);
  const anon = kbOf(text, 'Pss_Anon');
  return anon === undefined ? undefined : { anon, shared: kbOf(text, 'Pss_Shmem') ?? 0 };
}

// Lines such as `RssAnon:      1234 kB`.
function kbOf(text: string, key: string): number | undefined {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
