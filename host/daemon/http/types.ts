import type { StatusResult } from '@outrigger/schemas';
import type { LogLevel, LogStream } from '../../protocol/log-levels.ts';

/** One event in the list of events that the page shows. */
export interface EventLine {
  readonly event: string;
  readonly hook: string;
  readonly time: number;
  readonly durationMs: number;
  readonly status: 'continued' | 'blocked' | 'replaced' | 'cancelled';
  readonly by?: string;
  /** Plugins that were asked. */
  readonly calls: number;
  /** Codes of the calls that failed, each once. */
  readonly failures: readonly string[];
  readonly modified: number;
}

export interface LogLine {
  readonly number: number;
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly plugin?: string;
  /** How the plugin said it; absent for what the daemon says. */
  readonly stream?: LogStream;
}

/** The order of one hook point. */
export interface PlanPicture {
  readonly hook: string;
  readonly stages: readonly {
    readonly mode: string;
    readonly plugins: readonly { readonly plugin: string; readonly priority: number; readonly why: readonly string[] }[];
  }[];
  readonly left: readonly { readonly plugin: string; readonly reason: string }[];
}

/** What the daemon tells the page over server-sent events, by name. */
export interface LiveMessages {
  readonly status: StatusResult;
  readonly plans: readonly PlanPicture[];
  readonly events: readonly EventLine[];
  readonly log: readonly LogLine[];
  /** Lines the page did not get, because it read too slowly. */
  readonly lost: { readonly lines: number };
}

/** What the buttons of the page can have done. */
export interface Operator {
  /** Rejects with why it cannot be. */
  restart(plugin: string): Promise<void>;
  /** Resolves to one sentence for people. Rejects with why it cannot be. */
  setEnabled(plugin: string, isEnabled: boolean): Promise<string>;
}

/** Default of `up --http`. */
export const HTTP_PORT = 7410;
/** Most connections at one time; one more takes the place of the quietest that showed no token. */
export const MAX_CONNECTIONS = 64;
/** Most pages that are told what happens; more get 503. */
export const MAX_PAGES = 16;
/** Most a page may leave unread, in bytes, before lines are left out for it. */
export const MAX_UNREAD_BYTES: number = 256 * 1024;
/** Events and log lines that a page gets when it opens. */
export const KEPT_EVENTS = 200;
export const PAGE_LOG_LINES = 500;
/** Log lines kept of each plugin, and as many of the daemon itself: one that talks much does not push out the others. */
export const KEPT_LOG_LINES = 500;
/** A longer log line is cut, in characters. */
export const MAX_LOG_CHARS = 2000;
/** Largest body of a request, in bytes. */
export const MAX_BODY_BYTES = 4096;
