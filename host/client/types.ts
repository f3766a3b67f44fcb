import type { Catalog, HookMap, Trace, Violation } from '@outrigger/schemas';

export interface ConnectOptions {
  /** Path of the daemon's socket. Default: OUTRIGGER_SOCKET, else that of the daemon of the config found from the working directory. */
  readonly path?: string;
  /** Name of the application, for logs. */
  readonly name?: string;
  readonly version?: string;
  /** What the daemon asks for where it listens on a network. */
  readonly token?: string;
  /** Catalogs of the application's own; only for a host that serves it alone. */
  readonly catalogs?: readonly Catalog[];
  /** Waits between attempts to connect again, in milliseconds; the last one is repeated. Empty: no attempt. Default 100, 200, 400 … 5000. */
  readonly reconnectMs?: readonly number[];
  /**
   * A daemon that answers nothing for so many milliseconds (or up to half as many more) while something is asked of it, not even a ping, counts as
   * hung: the connection is lost, what was asked rejects with HOST_STOPPED. However long an event takes, a daemon answers pings. Infinity: never.
   * Default 10,000.
   */
  readonly silenceMs?: number;
  /** Told what the client is doing about a lost connection. */
  readonly onState?: (state: 'connected' | 'lost' | 'closed') => void;
}

export interface ClientEmitOptions {
  /** Cancels the event; the promise rejects with EVENT_CANCELLED. */
  readonly signal?: AbortSignal;
  readonly traceparent?: string;
  /** True: the outcome carries the trace. */
  readonly trace?: boolean;
}

type PayloadOf<M, K extends keyof M> = M[K] extends { payload: infer P extends object } ? P : Record<string, unknown>;

/** What became of an event, as the host tells it. */
export interface ClientOutcome<P = Record<string, unknown>> {
  /** Id of the event; empty when nobody listened. */
  readonly event: string;
  /** `continued`: go on with `payload`. `blocked`: stop, `violation` says why. `replaced`: skip the operation and use `value`. */
  readonly status: 'continued' | 'blocked' | 'replaced';
  /** As the last plugin left it, changed or not. */
  readonly payload: P;
  /** Plugin that blocked or replaced. */
  readonly by?: string;
  /** Of a block: what the plugin said, or that it failed and the event fails closed. */
  readonly cause?: 'verdict' | 'failure';
  readonly violation?: Violation;
  readonly value?: unknown;
  readonly retryAfterMs?: number;
  /** Plugins that failed without stopping the event. */
  readonly failOpens?: readonly { readonly plugin: string; readonly code: string }[];
  /** When it was asked for. */
  readonly trace?: Trace;
}

/** Where events are fired: the host's own scope, or a session. */
export interface ClientScope<M = HookMap> {
  /** A payload function is called only when somebody listens. Rejects with a HostError, also when the connection is lost meanwhile. */
  emit<K extends keyof M & string>(
    hook: K,
    payload: PayloadOf<M, K> | (() => PayloadOf<M, K>),
    options?: ClientEmitOptions,
  ): Promise<ClientOutcome<PayloadOf<M, K>>>;
  /** False: nobody listens. Known here, nothing is asked. */
  has(hook: keyof M & string): boolean;
  /** Events that belong together; plugins keep state between them. */
  operation(id?: string): ClientOperation<M>;
}

export interface ClientOperation<M = HookMap> extends AsyncDisposable {
  readonly id: string;
  emit: ClientScope<M>['emit'];
  /** Forgets the state that plugins kept. */
  end(): Promise<void>;
}

export interface ClientSession<M = HookMap> extends ClientScope<M>, AsyncDisposable {
  readonly id: string;
  close(): Promise<void>;
}

export interface FollowOptions {
  /** Only of this hook point. */
  readonly hook?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Told when events were not told, because they came faster than they were read. */
  readonly onMissing?: () => void;
}

/** One connection to a daemon. Close it: its events are cancelled and its sessions end. */
export interface Client<M = HookMap> extends ClientScope<M>, AsyncDisposable {
  session(options?: { id?: string; plugins?: readonly string[] }): Promise<ClientSession<M>>;
  hooks(): Promise<readonly { readonly name: string; readonly description: string; readonly subscribers: readonly string[] }[]>;
  trace(event: string): Promise<Trace | undefined>;
  /** Records of events as they end, of this client and of others, from this call on until the signal aborts. Rejects with HOST_STOPPED when the connection is lost. */
  traces(options?: FollowOptions): AsyncIterable<Trace>;
  /** What was wrong in the configuration when the connection was made. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}
