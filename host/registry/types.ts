import type { Config, HookPoint, Manifest, Permissions, SubscriptionRequest, Validator } from '@outrigger/schemas';
import type { LogLevel } from '../protocol/log-levels.ts';
import type { Places } from '../sandbox/policy/policy.ts';
import type { Policy, SandboxDriver } from '../sandbox/types.ts';
import type { SensitiveFields } from './sensitive-marks.ts';

export type Mode = NonNullable<SubscriptionRequest['mode']>;
export type Sensitivity = NonNullable<Permissions['sensitive']>[number];
export type Delivery = NonNullable<SubscriptionRequest['delivery']>;
export type FailurePolicy = NonNullable<SubscriptionRequest['onFailure']>;

/** A mistake in a file, placed so that an editor can jump to it. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Absolute path; absent for objects given by the application. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** JSON Pointer of the field. */
  readonly pointer?: string;
  readonly plugin?: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}

/** A hook point with everything resolved: defaults filled in, schemas compiled. */
export interface LoadedHook {
  /** Full name, `catalog.hook`. */
  readonly name: string;
  readonly catalog: string;
  readonly description: string;
  readonly rules: HookPoint;
  readonly allows: ReadonlySet<'modify' | 'block' | 'replace'>;
  readonly writable: readonly string[];
  readonly timeoutMs: number;
  readonly budgetMs: number;
  readonly onFailure: FailurePolicy | undefined;
  readonly idempotent: boolean;
  readonly ordered: boolean;
  /** Full names. */
  readonly pairs: readonly string[];
  readonly highFirst: boolean;
  readonly tiesByName: boolean;
  readonly validatePayload: Validator;
  readonly validateReplace: Validator | undefined;
  /** Fields that only some plugins may see; undefined: none is marked. */
  readonly sensitive: SensitiveFields | undefined;
}

/** A payload field (or JSON Pointer) → the values one of which must match. All fields must match. */
export type MatchRule = Readonly<Record<string, unknown>>;

/** One plugin's (or in-process handler's) wish to hear one hook point, after every override. */
export interface Subscription {
  readonly plugin: string;
  readonly hook: string;
  readonly mode: Mode;
  readonly priority: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Alternatives; undefined: every event. */
  readonly match: readonly MatchRule[] | undefined;
  /** The hook point's, or shorter. */
  readonly timeoutMs: number;
  readonly onFailure: FailurePolicy;
  /** Kinds of sensitive payload fields it is shown; the others are redacted. */
  readonly sees: readonly Sensitivity[];
  /** In mode `fire_and_forget`: whether the journal keeps the event until the plugin has answered. Default `at-most-once`. */
  readonly delivery?: Delivery;
  /** Place in the configuration; the last tie-breaker. */
  readonly order: number;
  /** Where mode, priority and the rest came from, for `explain`: `mode: config`, `priority: set "security"` … */
  readonly sources: Readonly<Record<string, string>>;
}

/** A subscription in its final place. */
export interface OrderedSubscription {
  readonly subscription: Subscription;
  /** Plain sentences: `priority 10 from the config`, `after "protect"` … */
  readonly why: readonly string[];
}

export type RegisteredState = 'enabled' | 'disabled' | 'without' | 'untrusted' | 'broken';

/** The driver chosen for a plugin, and its policy as the file system is now. */
export interface Confinement {
  readonly driver: SandboxDriver;
  /** What of the folders it may read it sees empty, by the paths it would see: as it was when the host started. */
  readonly hidden?: readonly string[];
  /**
   * The policy for one start, with what is granted by then; makes the folders it writes to. Throws PLUGIN_REFUSED when that may not be
   * granted any more, or needs more than the driver holds.
   */
  policy(granted: Permissions): Policy;
}

export interface RegisteredPlugin {
  readonly name: string;
  readonly state: RegisteredState;
  /** Why it is not enabled, for people; undefined when it is. */
  readonly reason: string | undefined;
  readonly directory: string | undefined;
  readonly manifestFile: string | undefined;
  /** SHA-256 of the manifest's bytes. */
  readonly manifestHash: string | undefined;
  readonly manifest: Manifest | undefined;
  readonly trust: 'full' | 'none';
  readonly required: boolean;
  /** The lowest level of its log records that is written, when the operator says so. */
  readonly logLevel?: LogLevel;
  /** Checked against the manifest's schema, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the manifest asks for and the operator grants. */
  readonly granted: Permissions;
  /** How it is confined; undefined when it has full trust or may not run. */
  readonly confinement: Confinement | undefined;
  /** Content it was accepted with, `sha256-…`; undefined: it is in no lock file, or is not what was accepted. */
  readonly hash: string | undefined;
  /** Whether its content is the one in a lock file; `none` when it is in no lock file, or was not compared. */
  readonly lock: 'none' | 'accepted' | 'changed';
  /** The lock file that names it. */
  readonly lockFile: string | undefined;
  readonly sets: readonly string[];
  readonly problems: readonly Problem[];
}

/** All plugins, all hook points, who hears what. Immutable; a change makes a new one. */
export interface Registry {
  readonly config: Config;
  /** Config files in force, the strongest first. */
  readonly configFiles: readonly string[];
  /** Where the host keeps things, and what `${workspace}` and `${config}` stand for. */
  readonly places: Places;
  readonly hooks: ReadonlyMap<string, LoadedHook>;
  readonly plugins: ReadonlyMap<string, RegisteredPlugin>;
  /** By hook name, unordered; only of plugins whose state is `enabled`. */
  readonly subscriptions: ReadonlyMap<string, readonly Subscription[]>;
  readonly problems: readonly Problem[];
}
