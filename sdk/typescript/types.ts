import type { EventContext, HookEmitResult, HookMap, OutcomeSummary, Permissions, Violation } from '@outrigger/schemas';
import type { FetchOptions, FetchResponse, NetDenial } from './fetch.ts';

/** Shape of a hook map: full hook name → payload type and type of a replacement value (`never`: cannot be replaced). */
export type HookTypes<M> = { [K in keyof M]: { payload: object; replace: unknown } };

/** A JSON Merge Patch (RFC 7396): a key sets, `null` removes, lists are replaced whole. */
type Patch<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Patch<T[K]> | null } : T;

/** What may accompany every answer. */
export interface AnswerExtra {
  /** Kept by the host and handed back as `context.state` at the next event of the same operation. At most 64 KiB of JSON. */
  state?: unknown;
  /** Facts for the trace; they reach neither the application nor other plugins. */
  metadata?: Record<string, unknown>;
  /** With a block: when trying again could succeed, in milliseconds. */
  retryAfterMs?: number;
}

/**
 * What a handler says about an event; returning nothing means: go on.
 *
 * @example
 * const remember: Answer = { state: { startedAt: Date.now() } }; // go on, and remember
 */
export type Answer<P = Record<string, unknown>, R = unknown> =
  | ({ action?: 'continue' } & AnswerExtra)
  | ({ action: 'modify'; changes: Patch<P> } & AnswerExtra)
  | ({ action: 'block'; violation: Violation } & AnswerExtra)
  | ({ action: 'replace'; value: R } & AnswerExtra);

/** Structured log of the plugin: the host tags it with plugin and event and limits its rate. */
interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Storage of the plugin's own, kept by the host across restarts. Needs the permission `storage`. */
interface Storage {
  /** The stored JSON value, `undefined` when there is none. */
  get(key: string): Promise<unknown>;
  /** Once it resolves, the value survives a crash of plugin and host. */
  set(key: string, value: unknown): Promise<void>;
  /** Removing what is not there is fine. */
  delete(key: string): Promise<void>;
  /** Names of entries, sorted; only those that begin with `prefix`. */
  list(prefix?: string): Promise<string[]>;
}

/** The operator's word. */
export interface PermissionAnswer {
  /** True: all of it is granted. */
  readonly granted: boolean;
  /** `restart`: a part of it reaches only the next process of the plugin. */
  readonly effective?: 'now' | 'restart';
}

/**
 * What the plugin may ask of the host outside an event; given to `setup`.
 *
 * @example
 * definePlugin({ setup: async ({ secret }) => client.login(await secret('token')), hooks: {} });
 */
export interface PluginContext<C = Record<string, unknown>> {
  /** The plugin's configuration, checked by the host against the manifest and with its defaults filled in. */
  readonly config: C;
  readonly log: Log;
  readonly storage: Storage;
  /** A secret the operator granted. Needs its name under `permissions.secrets`. */
  secret(name: string): Promise<string>;
  /**
   * Lets the host make one HTTP request, to a host under `permissions.net`; it can add a secret that the plugin never sees. Needs the
   * permission `net/fetch`. Rejects with a `ServiceError`; an HTTP status is no error.
   */
  fetch(url: string, options?: FetchOptions): Promise<FetchResponse>;
  /**
   * Asks the operator for permissions that the manifest lists under `optionalPermissions`. A person may take longer than an event: when that is
   * over the question stands, and whoever asks the same again gets its answer.
   */
  requestPermission(permissions: Permissions, reason?: string): Promise<PermissionAnswer>;
  /**
   * Calls a service that the application registered. Needs a permission of that name. Fails with a `ServiceError`, or with the reason of the
   * event's signal when that is aborted first.
   */
  call(service: string, params?: Record<string, unknown>): Promise<unknown>;
}

/**
 * What a handler is given beside the payload. It may be taken apart; a copy made with `...` has its values only, not what it can do.
 *
 * @example
 * async (payload, { signal, log }) => {
 *   const response = await fetch(url, { signal });
 *   log.info('asked the policy server', { status: response.status });
 * }
 */
export interface HandlerContext<C = Record<string, unknown>> extends PluginContext<C> {
  /** Id of the event. */
  readonly event: string;
  /** Full name of the hook point. */
  readonly hook: string;
  /** Time, operation, session and parent of the event. */
  readonly context: EventContext;
  /** What this plugin returned as `state` earlier in the same operation. */
  readonly state: unknown;
  /** 1, or 2 when the host tries the event again on a fresh process. */
  readonly attempt: number;
  /** What became of the event: only in mode `fire_and_forget`, where nothing can be answered any more. */
  readonly outcome: OutcomeSummary | undefined;
  /** Aborted when the answer is not needed any more: cancelled, deadline over, host gone. */
  readonly signal: AbortSignal;
  /** Milliseconds the host granted for this call; `Infinity` in mode `fire_and_forget`. */
  readonly deadlineMs: number;
  /** Milliseconds left of them. */
  remainingMs(): number;
  /** Tells the host that the work goes on, and so restarts the deadline. Percentage from 0 to 100. */
  progress(message?: string, percentage?: number): void;
  /** Fires an event inside this one. Needs the permission `hook/emit`. */
  emit(hook: string, payload: Record<string, unknown>): Promise<HookEmitResult>;
}

type HandlerResult<P, R> = Answer<P, R> | null | undefined | void;

/**
 * Handles the events of one hook point. May be async; several events may be in flight at the same time.
 *
 * @example
 * const noRm: Handler<HookMap['conda.pre_command']['payload']> = (payload) =>
 *   payload.command === 'rm' ? block('no-rm', 'rm is not allowed here') : undefined;
 */
export type Handler<P = Record<string, unknown>, R = unknown, C = Record<string, unknown>> = (
  payload: P,
  context: HandlerContext<C>,
) => HandlerResult<P, R> | Promise<HandlerResult<P, R>>;

type Typed<M, N> = N extends keyof M ? M[N] : { payload: Record<string, unknown>; replace: unknown };
type HandlerOf<T, C> = T extends { payload: infer P; replace: infer R } ? Handler<P, R, C> : never;

/**
 * A plugin: handlers by full hook name, and what to do around them. `M` types the hook points, `C` the configuration. A hook
 * point that `M` does not know has a payload of unknown fields; when `M` is given, it must know them all.
 *
 * @example
 * definePlugin<HookMap, { commands: string[] }>({ hooks: { 'conda.pre_command': (payload, { config }) => … } });
 */
export interface PluginDefinition<M extends HookTypes<M> = HookMap, C = Record<string, unknown>, N extends string = keyof M & string> {
  readonly hooks: { readonly [K in N]?: HandlerOf<Typed<M, K>, C> };
  /** Runs once before the first event. Return `{ disable: reason }` when the plugin cannot serve on this machine. */
  setup?(context: PluginContext<C>): { disable: string } | void | Promise<{ disable: string } | void>;
  /** Runs once before the process ends; it has two seconds. */
  shutdown?(): void | Promise<void>;
  /** The operator changed the configuration; events from now on see the new one. */
  configChanged?(config: C): void | Promise<void>;
  /** A connection of the plugin's own was refused; the program that made it may only say that it failed. */
  netDenied?(denial: NetDenial, context: PluginContext<C>): void | Promise<void>;
}

/** What `definePlugin()` returns: hand it to `testPlugin()`. */
export interface Plugin {
  readonly hooks: Readonly<Record<string, Handler | undefined>>;
  setup?(context: PluginContext): { disable: string } | void | Promise<{ disable: string } | void>;
  shutdown?(): void | Promise<void>;
  configChanged?(config: Record<string, unknown>): void | Promise<void>;
  netDenied?(denial: NetDenial, context: PluginContext): void | Promise<void>;
}
