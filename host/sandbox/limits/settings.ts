import type { ResourceLimits } from '../types.ts';

const MIB = 1024 * 1024;
const PERIOD_US = 100_000;
/** The kernel takes no quota below this. */
const LEAST_QUOTA_US = 1000;

/**
 * Processes that the sandbox itself has in the group: the wrapper that drops the uid or sets the death signal, bubblewrap
 * outside, its process 1 inside, and one to spare while they replace each other.
 */
export const PIDS_ALLOWANCE = 4;

/** What the attempt is made with that shows whether limits can be set. */
export const PROBE_LIMITS: ResourceLimits = { memoryMb: 64, cpu: 1, pids: 16, openFiles: 64, tmpMb: 1, storageMb: 1 };

/** A file of a control group and what is written to it. */
export interface Setting {
  readonly file: string;
  readonly value: string;
  /** True: kernels without the file are fine, for another setting holds too. */
  readonly isOptional: boolean;
}

/** What limits a plugin in a v1 hierarchy of one controller, in order. Pure. */
export function settingsV1(controller: 'memory' | 'pids' | 'cpu', limits: ResourceLimits): Setting[] {
  const bytes = String(limits.memoryMb * MIB);
  if (controller === 'pids') return [must('pids.max', String(limits.pids + PIDS_ALLOWANCE))];
  if (controller === 'cpu') return [must('cpu.cfs_period_us', String(PERIOD_US)), must('cpu.cfs_quota_us', quotaUs(limits.cpu))];
  // memsw counts memory and swap together, and must not be below memory: after it. Kernels without swap accounting lack it.
  return [must('memory.limit_in_bytes', bytes), may('memory.memsw.limit_in_bytes', bytes), may('memory.swappiness', '0')];
}

/** What limits a plugin in a v2 group, in order. Pure. */
export function settingsV2(limits: ResourceLimits, controllers: ReadonlySet<string>): Setting[] {
  return [
    must('memory.max', String(limits.memoryMb * MIB)),
    may('memory.swap.max', '0'),
    // Without it the kernel ends one process of the plugin, and the rest goes on in pieces.
    may('memory.oom.group', '1'),
    must('pids.max', String(limits.pids + PIDS_ALLOWANCE)),
    ...(controllers.has('cpu') ? [must('cpu.max', `${quotaUs(limits.cpu)} ${PERIOD_US}`)] : []),
  ];
}

/** The same as properties of a systemd unit. Pure. */
export function settingsSystemd(limits: ResourceLimits): string[] {
  const properties = [
    `MemoryMax=${limits.memoryMb * MIB}`,
    'MemorySwapMax=0',
    `TasksMax=${limits.pids + PIDS_ALLOWANCE}`,
    `CPUQuota=${Math.max(1, Math.round(limits.cpu * 100))}%`,
  ];
  return properties.flatMap((property) => ['-p', property]);
}

/** How many processes of a group the kernel ended for memory, out of `memory.oom_control` (v1) or `memory.events` (v2). Pure. */
export function oomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

function quotaUs(cpu: number): string {
  return String(Math.max(LEAST_QUOTA_US, Math.round(cpu * PERIOD_US)));
}

function must(file: string, value: string): Setting {
  return { file, value, isOptional: false };
}

function may(file: string, value: string): Setting {
  return { file, value, isOptional: true };
}
