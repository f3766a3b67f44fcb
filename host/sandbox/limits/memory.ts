import { readFileSync } from 'node:fs';
import { processTree } from './process-tree.ts';

/**
 * Memory of a process and its descendants, in KiB, without what programs share as files. Shared memory is counted once for each
 * process at first; only where that is above `nearKb` is it shared out, which costs the kernel a walk over every page.
 * Memory that no process has mapped (an unmapped memfd, a tmpfs) is not seen. 0 when the process is gone.
 */
export function treeMemoryKb(pid: number, nearKb: number): number {
  const pids = processTree(pid);
  const quick = pids.map(residentKb);
  if (sum(quick) <= nearKb) return sum(quick);
  return sum(pids.map((each, index) => proportionalKb(each) ?? quick[index] ?? 0));
}

function residentKb(pid: number): number {
  return kbOf(read(`/proc/${pid}/status`), ['RssAnon', 'RssShmem']) ?? 0;
}

function proportionalKb(pid: number): number | undefined {
  return kbOf(read(`/proc/${pid}/smaps_rollup`), ['Pss_Anon', 'Pss_Shmem']);
}

// Lines such as `RssAnon:      1234 kB`.
function kbOf(text: string, keys: readonly string[]): number | undefined {
  const found = keys.flatMap((key) => new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? []);
  return found.length === 0 ? undefined : sum(found.map(Number));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Gone, or not ours to look into.
    return '';
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
