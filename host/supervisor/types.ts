import type { ConnectionStats, Exit, LaunchSpec } from '../process/types.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import type { Enclosure, Hold } from '../sandbox/types.ts';

/** All the supervisor must know about one plugin; the registry and the operator's config made it. */
export interface PluginSpec {
  readonly name: string;
  readonly version: string;
  /** The plugin's own command, as it would start without a sandbox. */
  readonly launch: LaunchSpec;
  /** How it is confined, found out anew for every start; undefined for a plugin with full trust. Throws HostError. */
  readonly confine: (() => Enclosure) | undefined;
  readonly framing: 'lines' | 'content-length';
  /** Full names of the hook points it will be called for. */
  readonly hooks: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly activation: 'lazy' | 'eager';
  /** 0: never stopped for idleness. */
  readonly idleStopMs: number;
  /** Most hook calls left unanswered at one time. */
  readonly concurrency: number;
  readonly queueCalls: number;
  readonly queueBytes: number;
  readonly startDeadlineMs: number;
  readonly maxMessageBytes: number;
  readonly logsPerSecond: number;
  readonly pollutionLines: number;
  /** A debugger may be attached: no call times out, no start deadline. */
  readonly inspect: boolean;
}

/** One hook call on its way through the supervisor to the process. Settled exactly once. */
export interface HookCall {
  readonly event: string;
  readonly hook: string;
  /** `"event":…,"hook":…,"context":…,"payload":…`: serialised once for all plugins that see the same payload. */
  readonly shared: string;
  /** Serialised state of an earlier event of the operation. */
  readonly state: string | undefined;
  /** From the moment the call is written to the process. */
  readonly timeoutMs: number;
  /** On the timers' clock: when the event's budget is over. */
  readonly deadline: number;
  /** May be tried once more on a fresh process. */
  readonly idempotent: boolean;
  /** False: the answer could not be used. */
  settle(reply: CallReply): unknown;
}

export type CallReply =
  | {
      readonly ok: true;
      readonly answer: unknown;
      /** Size of the answering message in bytes. */
      readonly bytes: number;
      /** That message. */
      readonly text?: string | undefined;
      /** Roughly what it takes once parsed, in bytes; undefined for one too small to be counted. */
      readonly weight?: number | undefined;
      readonly pid: number | undefined;
      readonly coldStart: boolean;
      readonly attempts: number;
    }
  | { readonly ok: false; readonly failure: Failure; readonly pid?: number | undefined; readonly attempts: number };

export type PluginState = 'stopped' | 'starting' | 'ready' | 'draining' | 'backoff' | 'quarantined' | 'refused';

/** Why a process ended; decides whether and when it is started again. */
export type DeathClass =
  | 'idle'
  | 'requested'
  | 'clean'
  | 'crash'
  | 'signal'
  | 'oom'
  | 'disk'
  | 'hung'
  | 'protocol'
  | 'config'
  | 'declined'
  | 'start';

export interface LastExit extends Exit {
  readonly time: string;
  readonly death: DeathClass;
  /** One sentence for people. */
  readonly message: string;
  /** Last lines of stderr, oldest first, at most 20. */
  readonly stderr: readonly string[];
}

export interface PluginStatus {
  readonly name: string;
  readonly state: PluginState;
  readonly pid: number | undefined;
  readonly starts: number;
  /** Starts that followed a failure. */
  readonly restarts: number;
  /** What holds the running process; undefined when it is not confined or not running. */
  readonly hold: Hold | undefined;
  readonly inFlight: number;
  readonly queued: number;
  readonly lastExit: LastExit | undefined;
  /** Milliseconds until the next start is tried, in back-off and quarantine. */
  readonly nextStartMs: number | undefined;
  readonly answered: number;
  readonly failed: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly notificationsDropped: number;
  readonly poisonedEvents: readonly string[];
  /** Sum over all processes of this plugin. */
  readonly connection: Readonly<ConnectionStats>;
}

/** What the dispatcher sees of a plugin: something to ask. */
export interface PluginHandle {
  readonly name: string;
  /** Starts the process when needed. Settles the call exactly once, possibly before it returns. The result cancels the call. */
  invoke(call: HookCall): (reason: Failure) => void;
  /** Hands over a notification's parameters; undefined when delivered or queued, else why not. */
  notify(shared: string): Failure | undefined;
}
