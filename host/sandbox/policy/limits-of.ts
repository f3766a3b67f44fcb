import type { Limits } from '@outrigger/schemas';
import type { ResourceLimits } from '../types.ts';

/**
 * What a plugin gets that asks for nothing. Node needs about 16 threads and processes to start, a child of its own as many
 * again; the sandbox's own processes are not counted here.
 */
export const DEFAULT_LIMITS: ResourceLimits = { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 64, storageMb: 64 };

/** The most a plugin gets where the operator sets nothing under `sandbox.limits`. */
export const DEFAULT_CAPS: ResourceLimits = { memoryMb: 4096, cpu: 4, pids: 1024, openFiles: 8192, tmpMb: 1024, storageMb: 1024 };

/** The manifest's wishes, or our defaults, under the operator's caps. Pure. */
export function limitsOf(wishes: Limits | undefined, caps: Limits | undefined): ResourceLimits {
  const most = (key: keyof ResourceLimits): number => Math.min(wishes?.[key] ?? DEFAULT_LIMITS[key], caps?.[key] ?? DEFAULT_CAPS[key]);
  return {
    memoryMb: most('memoryMb'),
    cpu: most('cpu'),
    pids: most('pids'),
    openFiles: most('openFiles'),
    tmpMb: most('tmpMb'),
    storageMb: most('storageMb'),
  };
}
