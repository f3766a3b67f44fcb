import type { ResourceLimits } from '../types.ts';
import type { GroupBase } from './cgroup.ts';

export type LimiterKind = 'cgroup2' | 'systemd' | 'cgroup1' | 'watchdog';

/** Resources that a kernel can limit for a whole plugin. */
export type HardLimit = 'memory' | 'pids' | 'cpu';

/** What limits whole plugins on this machine. */
export interface Limiter {
  readonly kind: LimiterKind;
  /** For people: `cgroup v1 at /sys/fs/cgroup/memory`. */
  readonly label: string;
  /** What the kernel itself enforces for the whole plugin. */
  readonly hard: ReadonlySet<HardLimit>;
  /** What is missing for all of it to be hard, and the fix; undefined when nothing is. */
  readonly gap: { readonly why: string; readonly fix: string } | undefined;
  /**
   * Words put before the sandbox's own command, such as `systemd-run --user --scope …`; empty for the other kinds. They end
   * with `env -i`: what the command is started with, a plugin can read. Pure.
   */
  prefix(plugin: string, limits: ResourceLimits): readonly string[];
  /** Where control groups are made and what is set in them; empty for `systemd` and `watchdog`. Pure. */
  bases(limits: ResourceLimits): readonly GroupBase[];
}

/** What a plugin was ended for. */
export interface Exceeded {
  readonly kind: 'memory' | 'disk';
  /** One clause for people. */
  readonly message: string;
}

/** The limits around one running plugin. */
export interface LimitHold {
  /** What the kernel enforces for this very process; less than the limiter promises when no group could be made. */
  readonly hard: ReadonlySet<HardLimit>;
  /** What it exceeded, once it was ended for that; asked after the exit. Also set when only a child of it was ended for memory. */
  exceeded(): Exceeded | undefined;
  /** Ends what is left and removes what was made. Idempotent. */
  close(): void;
}

/** The limits of a plugin that is not started yet. */
export interface PreparedLimits {
  /** What the kernel itself will hold. */
  readonly hard: ReadonlySet<HardLimit>;
  /** Words before its command: the process enters its limits and then becomes the command. Empty where the limits are watched only. */
  readonly words: readonly string[];
  /** For the process that was started so; to be closed. */
  hold(options: HoldOptions): LimitHold;
  /** When no process was started. */
  discard(): void;
}

export interface HoldOptions {
  /** Leader of the sandbox's process group; its tree is what is limited. */
  readonly pid: number;
  /** Folders whose size is watched. */
  readonly writable: readonly string[];
  /** Called at most once, when the watchdog finds too much; the process must be killed. */
  onExceeded(): void;
}
