import { basename } from 'node:path';
import type { ResourceLimits } from '../types.ts';

/** Inside the sandbox: since Linux 5.14 the number of processes is counted for its user namespace alone. */
export const PRLIMIT = '/usr/bin/prlimit';
const MIB = 1_048_576;
/**
 * Measured: Node 24 reserves 570 MiB of writable addresses and 540 more for each worker, of which it uses a few; interpreters like Python
 * start with 64. For such runtimes this only bounds what a group or the watchdog limits: room for 28 workers.
 */
const MIN_DATA_MB = 16_384;
const SMALL_RUNTIME = /^(python|pypy|perl|ruby|lua|bash|sh|dash)[\d.]*$/;

/** The words that set the limits of each process and then become the command. Pure. */
export function rlimitWords(command: string, limits: ResourceLimits): string[] {
  const data = SMALL_RUNTIME.test(basename(command)) ? Math.max(limits.memoryMb, 64) : Math.max(limits.memoryMb, MIN_DATA_MB);
  const values = {
    core: 0,
    nproc: limits.pids,
    nofile: limits.openFiles,
    // The largest file anywhere, in memory or on disk.
    fsize: Math.max(limits.storageMb, limits.tmpMb) * MIB,
    data: data * MIB,
  };
  return [PRLIMIT, ...Object.entries(values).map(([name, value]) => `--${name}=${value}:${value}`), '--'];
}
