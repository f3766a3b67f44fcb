import { folderUse, MAX_ENTRIES } from './folder-size.ts';
import { Memfds } from './memfds.ts';
import { treeMemoryKb } from './memory.ts';
import { namelessBytes } from './nameless-files.ts';
import type { Exceeded } from './types.ts';

/** How often the memory of all watched plugins is looked at. */
const MEMORY_MS = 100;
/** Time between the end of one look at a plugin's folders and the next: ten times as long as the look took, within these bounds. */
const FOLDERS_MS = { least: 1000, most: 5000 };
const MIB = 1024 * 1024;

export interface WatchOptions {
  readonly pid: number;
  /** Undefined: the kernel limits it. */
  readonly memoryMb: number | undefined;
  readonly writable: readonly string[];
  readonly storageMb: number;
  /** Called at most once. */
  onExceeded(): void;
}

export interface Watch {
  exceeded(): Exceeded | undefined;
  stop(): void;
}

/** Watches what no kernel limits: memory of a process tree, where no group holds it, and the size of folders. Late by up to an interval. */
export function watch(options: WatchOptions): Watch {
  let found: Exceeded | undefined;
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
    stops.splice(0).forEach((each) => {
      each();
    });
  };
  const exceed = (exceeded: Exceeded | undefined): void => {
    if (exceeded === undefined || isStopped) return;
    found = exceeded;
    stop();
    options.onExceeded();
  };
  const stops: (() => void)[] = [];
  const memfds = new Memfds();
  if (options.memoryMb !== undefined) stops.push(everyTick(() => exceed(tooMuchMemory(options, memfds))));
  if (options.writable.length > 0) stops.push(watchFolders(options, exceed));
  return { exceeded: () => found, stop };
}

function tooMuchMemory({ pid, memoryMb = 0 }: WatchOptions, memfds: Memfds): Exceeded | undefined {
  const limitKb = memoryMb * 1024;
  const usedKb = treeMemoryKb(pid, limitKb, memfds);
  if (usedKb <= limitKb) return undefined;
  return { kind: 'memory', message: `it used ${Math.ceil(usedKb / 1024)} MiB of memory; its limit is ${memoryMb} MiB` };
}

async function tooMuchStored({ pid, writable, storageMb }: WatchOptions): Promise<Exceeded | undefined> {
  const { entries, bytes, trouble } = await folderUse(writable, storageMb * MIB);
  const hold = writable.length === 1 ? 'the folder it may write holds' : 'the folders it may write hold';
  if (trouble !== undefined) return { kind: 'disk', message: `${hold} ${trouble}` };
  if (entries > MAX_ENTRIES) return { kind: 'disk', message: `${hold} more than ${MAX_ENTRIES} files` };
  if (bytes > storageMb * MIB) return { kind: 'disk', message: `${hold} more than ${storageMb} MiB` };
  if (bytes + (await namelessBytes(pid, writable)) <= storageMb * MIB) return undefined;
  return { kind: 'disk', message: `${hold} more than ${storageMb} MiB, with files that it deleted and keeps open` };
}

/** One timer for all watched plugins; it keeps no process alive. */
const ticks = new Set<() => void>();
let clock: NodeJS.Timeout | undefined;

function everyTick(tick: () => void): () => void {
  ticks.add(tick);
  clock ??= setInterval(() => {
    for (const each of ticks) each();
  }, MEMORY_MS).unref();
  return () => {
    ticks.delete(tick);
    if (ticks.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  };
}

function watchFolders(options: WatchOptions, exceed: (exceeded: Exceeded | undefined) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const began = performance.now();
    const exceeded = await tooMuchStored(options);
    if (isStopped) return;
    exceed(exceeded);
    if (!isStopped) wait(Math.min(FOLDERS_MS.most, Math.max(FOLDERS_MS.least, 10 * (performance.now() - began))));
  };
  const wait = (ms: number): void => {
    timer = setTimeout(() => void look(), ms).unref();
  };
  wait(FOLDERS_MS.least);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
