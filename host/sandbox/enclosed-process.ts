import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Exit } from '../process/types.ts';

const MAX_STATUS_BYTES = 65_536;

/** The process that the sandbox's program reports as its first inside; undefined when the report ends without one. Never rejects. */
export function childPid(status: Duplex | undefined): Promise<number | undefined> {
  return new Promise((resolve) => {
    if (status === undefined) return resolve(undefined);
    let text = '';
    status.on('data', (chunk: Buffer) => {
      // Read to its end all the same, so that the writer never waits.
      if (text.length > MAX_STATUS_BYTES) return;
      text += chunk.toString('latin1');
      const [, pid] = /"child-pid"\s*:\s*(\d+)\b/.exec(text) ?? [];
      if (pid !== undefined) resolve(Number(pid));
    });
    status.once('close', () => resolve(undefined));
  });
}

/**
 * Signals the plugin and its process group, which the sandbox's first process made. That one is spared by the kernel: in its own namespace it
 * is init. False when there is no such group (yet).
 */
export function signalInside(first: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-first, signal);
  } catch {
    // It ended meanwhile, or has not come that far: the whole sandbox is signalled instead.
    return false;
  }
}

const SIGNALS: ReadonlyMap<number, NodeJS.Signals> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

/**
 * A sandbox ends with 128 + n when the plugin in it was killed by signal n. What was exceeded only counts of a plugin that was killed: one
 * that exits by itself may have outlived a child that was ended for memory. Pure.
 */
export function exitOf(exit: Exit, exceeded?: Exit['limit']): Exit {
  const signal = exit.code === undefined ? undefined : SIGNALS.get(exit.code - 128);
  const ended = signal === undefined ? exit : { signal };
  return exceeded === undefined || ended.signal === undefined ? ended : { ...ended, limit: exceeded };
}
