import type { Config, HookPoint, Manifest, SubscriptionRequest, Validator } from '@outrigger/schemas';

export type Mode = NonNullable<SubscriptionRequest['mode']>;
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
  /** Checked against the manifest's schema, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Manifest ∩ grant. */
  readonly services: ReadonlySet<string>;
  /** Names of environment variables granted. */
  readonly env: readonly string[];
  readonly sets: readonly string[];
  readonly problems: readonly Problem[];
}

/** All plugins, all hook points, who hears what. Immutable; a change makes a new one. */
export interface Registry {
  readonly config: Config;
  /** Config files in force, the strongest first. */
  readonly configFiles: readonly string[];
  readonly hooks: ReadonlyMap<string, LoadedHook>;
  readonly plugins: ReadonlyMap<string, RegisteredPlugin>;
  /** By hook name, unordered; only of plugins whose state is `enabled`. */
  readonly subscriptions: ReadonlyMap<string, readonly Subscription[]>;
  readonly problems: readonly Problem[];
}
