import type { Answer, Catalog, Config, HookMap, ReloadResult, Trace } from '@outrigger/schemas';
import type { EmitOptions, HandlerContext, Outcome } from '../dispatcher/types.ts';
import type { Logger } from '../protocol/types.ts';
import type { Mode, OrderedSubscription, Problem, RegisteredPlugin } from '../registry/types.ts';
import type { PluginStatus } from '../supervisor/types.ts';
import type { Actor, AuditEntry } from './audit.ts';
import type { JournalStats } from './host-journal.ts';
import type { ReloadOptions, ReloadRecord } from './live/reloader.ts';
import type { EventWatcher } from './metrics/finished-event.ts';
import type { AskPermission } from './permission-requests.ts';
import type { SecretSource } from './secrets.ts';

/** The payload type of a hook point, out of a map such as `HookMap`. */
export type PayloadOf<M, K extends keyof M> = M[K] extends { payload: infer P extends object } ? P : Record<string, unknown>;
/** The type of its replacement value. */
export type ReplaceOf<M, K extends keyof M> = M[K] extends { replace: infer R } ? R : unknown;

/** A service of the application that plugins may call by name. Its params are an object; its result must be JSON. */
export type Service = (params: Record<string, unknown>, caller: { plugin: string; signal: AbortSignal }) => unknown;

export interface HostOptions {
  /** A config file, a config object, or false for none. Default: found upward from `cwd`, then the user's. */
  readonly config?: string | Config | false;
  /** Default: the process's. */
  readonly cwd?: string;
  /** Environment the OUTRIGGER_* and XDG_* variables and the plugins' granted variables are read from. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Catalogs of the application's own, beside those the config names. */
  readonly catalogs?: readonly Catalog[];
  /** Catalogs beside those the config names: shipped ones by name (`mellea`), others by their folder. */
  readonly catalogNames?: readonly string[];
  /** Services plugins may call, by method name such as `tasks/list`. */
  readonly services?: Readonly<Record<string, Service>>;
  /** Finds the secrets that plugins are granted. Default: the user's own, stored with `outrigger secrets set`. */
  readonly secrets?: SecretSource;
  /** Asked when a plugin wants permissions that its manifest lists as optional. Default: no. */
  readonly onPermissionRequest?: AskPermission;
  /** Safe mode: no plugin file is read. In-process handlers still run. */
  readonly noPlugins?: boolean;
  /** Plugins left out by name, however broken they are. */
  readonly without?: readonly string[];
  /** True: every plugin that is switched on must be in a lock file with exactly its content. Default: OUTRIGGER_FROZEN, then the config. */
  readonly frozen?: boolean;
  /** Lock file for a config given as an object. Beside a config file lies its own. */
  readonly lockFile?: string;
  /** True: traces, lives of plugins and events for `delivery: at-least-once` are kept in the data folder; one such host for a config at a time. */
  readonly journal?: boolean;
  /** False: plugins with `activation: eager` wait for their first event like the others. Default true. */
  readonly startEager?: boolean;
  /** Plugin whose clocks stand still because a debugger may be attached. */
  readonly inspectPlugin?: string;
  readonly log?: Logger;
  /** Called after each event; `read()` makes the trace. */
  readonly onTrace?: (read: () => Trace) => void;
  /** Most traces kept in memory. Default 1000. */
  readonly traceCapacity?: number;
}

export interface HandlerOptions {
  /** Name in plans and traces. Default: the function's name, else `handler`. */
  readonly name?: string;
  readonly mode?: Mode;
  readonly priority?: number;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly onFailure?: 'fail' | 'ignore' | 'disable';
  /** Most milliseconds it may take; at most those of the hook point. Infinity: as long as it wants, which is not taken from the event’s budget. */
  readonly timeoutMs?: number;
}

export type Handler<P> = (payload: Readonly<P>, context: HandlerContext) => Answer | undefined | void | Promise<Answer | undefined | void>;

/** One hook point of one scope, for hot paths. */
export interface Hook<P, R> {
  readonly name: string;
  /** False: nobody listens, building a payload is wasted work. */
  has(): boolean;
  emit(payload: P | (() => P), options?: EmitOptions): Promise<Outcome<P, R>>;
}

/** What the host, a session and a block have in common. */
export interface Scope<M = HookMap> {
  emit<K extends keyof M & string>(
    hook: K,
    payload: PayloadOf<M, K> | (() => PayloadOf<M, K>),
    options?: EmitOptions,
  ): Promise<Outcome<PayloadOf<M, K>, ReplaceOf<M, K>>>;
  has(hook: keyof M & string): boolean;
  hook<K extends keyof M & string>(hook: K): Hook<PayloadOf<M, K>, ReplaceOf<M, K>>;
  /** Adds an in-process handler; the result removes it. */
  on<K extends keyof M & string>(hook: K, handler: Handler<PayloadOf<M, K>>, options?: HandlerOptions): () => void;
  /** What the application itself does here: an in-process handler named `default`, with a place in the plan. */
  default<K extends keyof M & string>(hook: K, handler: Handler<PayloadOf<M, K>>, options?: HandlerOptions): () => void;
  /** Events that belong together; plugins keep state between them. */
  operation(id?: string): Operation<M>;
  /** A scope inside this one with plugins and handlers of its own. Ends with `close()` or at the end of `body`. */
  using<T>(plugins: readonly string[], body: (scope: Scope<M> & Closable) => T | Promise<T>): Promise<T>;
  /** The plan for a hook point as this scope sees it, with the reasons for every place. */
  explain(hook: keyof M & string): Explanation;
}

export interface Closable {
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Operation<M = HookMap> {
  readonly id: string;
  emit: Scope<M>['emit'];
  /** Forgets the state plugins kept. */
  end(): void;
  [Symbol.dispose](): void;
}

export interface Session<M = HookMap> extends Scope<M>, Closable {
  readonly id: string;
}

export interface Explanation {
  readonly hook: string;
  readonly description: string;
  readonly stages: readonly (readonly OrderedSubscription[])[];
  /** Subscriptions of this hook that are not in the plan, and plugins that could not be loaded, with the reason. */
  readonly left: readonly { readonly plugin: string; readonly reason: string }[];
}

export interface PluginInfo {
  readonly registered: RegisteredPlugin;
  /** Undefined for a plugin that is not enabled. */
  readonly status: PluginStatus | undefined;
}

export interface HookInfo {
  readonly name: string;
  readonly description: string;
  readonly subscribers: readonly string[];
}

/** A running host. Close it: plugins are stopped and nothing is left behind. */
export interface Host<M = HookMap> extends Scope<M>, Closable {
  /** Opens a session. `plugins`: names of plugins (or of sets, as `@name`) that only this session uses. */
  session(options?: { id?: string; plugins?: readonly string[] }): Session<M>;
  plugins(): readonly PluginInfo[];
  hooks(): readonly HookInfo[];
  /** What was wrong in the configuration and the manifests. */
  readonly problems: readonly Problem[];
  /** Latest traces, newest last. */
  traces(): readonly Trace[];
  trace(event: string): Trace | undefined;
  /** Ends the plugin's process, its back-off or its quarantine, and starts it again. `by`: who wants it, for the journal. */
  restart(plugin: string, by?: Actor): Promise<void>;
  /** Keeps in the journal and in the log what somebody had done; `restart`, `reload` and grants are kept by themselves. */
  audit(entry: AuditEntry): void;
  /**
   * Reads the configuration, the manifests and the lock files again and takes over what changed, or nothing. A plugin that changed
   * gets a new process beside the old one, and no event is lost; one that cannot be used as it is now stays as it was. Rejects with PLUGIN_UNKNOWN; anything else is in the result.
   */
  reload(options?: ReloadOptions): Promise<ReloadResult>;
  /** Looks at config files, lock files, manifests and plugin folders; `onChange` gets the plugins whose code changed. The result ends that. */
  watchFiles(onChange: (changed: readonly string[]) => Promise<unknown>): Promise<() => void>;
  /** What became of the latest `reload()`. */
  readonly lastReload: ReloadRecord | undefined;
  /** Called after each reload that was taken over; the result ends that. */
  onChange(listener: () => void): () => void;
  stats(): HostStats;
  /** Circuit breakers that are not closed: the plugin is not asked for this hook point. */
  breakers(): readonly BreakerInfo[];
  /** Lets somebody look at every event that is over, in the order in which they ended, within some 25 ms; the result ends that. */
  watch(watcher: EventWatcher): () => void;
  /** Lets watchers look now at what is over. */
  tellWatchers(): void;
}

export interface BreakerInfo {
  readonly plugin: string;
  readonly hook: string;
  readonly state: 'open' | 'half-open';
}

export interface HostStats {
  readonly events: number;
  readonly blocked: number;
  readonly replaced: number;
  /** Events that went on in spite of a plugin's failure, by `plugin hook code`. */
  readonly failOpens: Readonly<Record<string, number>>;
  /** Bytes that answers to events under way take, and answers there was no room for; see `limits.answerBytes`. */
  readonly answers: { readonly bytes: number; readonly refused: number };
  /** Of a host that keeps a journal. */
  readonly journal?: JournalStats;
}
