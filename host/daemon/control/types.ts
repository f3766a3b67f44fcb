import type { DashboardResult, ReloadResult, StatusResult, StopResult } from '@outrigger/schemas';
import type { Actor } from '../audit.ts';
import type { LogTail } from '../http/log-tail.ts';
import type { ReloadOptions } from '../live/reloader.ts';
import type { EndedEvents } from './ended-events.ts';

/** What clients may ask of a daemon beside its host. */
export interface Control {
  /** Counts work of a client in; the result counts it out. Throws HOST_STOPPED when the daemon takes no more. */
  enter(method: string): () => void;
  status(): StatusResult;
  /** Begins to stop; the process ends some time later. */
  stop(by: Actor): StopResult;
  /** Never rejects: what cannot be used is the reason in the result. */
  reload(options?: ReloadOptions): Promise<ReloadResult>;
  /** Opens the page, if it is not open yet. Rejects with CONFIG_INVALID. */
  dashboard(by: Actor): Promise<DashboardResult>;
  /** The latest lines of the daemon's log; undefined when nobody keeps them. */
  readonly log: LogTail | undefined;
  /** The latest events. */
  readonly events: EndedEvents;
}

/** A page for people, opened when somebody wants it. */
export interface Page {
  readonly address: string | undefined;
  /** Resolves to the link. Rejects with CONFIG_INVALID. */
  open(port?: number): Promise<string>;
}

/** Reads the configuration again and takes it over, or nothing of it. What it rejects with is the reason. */
export type OnReload = (options: ReloadOptions) => ReloadResult | Promise<ReloadResult>;

/** Most clients at one time; more are told SERVICE_BUSY and let go. */
export const MAX_CLIENTS = 1000;
/** Most connections over the network that have not said their token. */
export const MAX_STRANGERS = 32;
/** Time a client has for its `hello`, in milliseconds. */
export const HELLO_MS = 10_000;
/** How long a stopping daemon waits for events in flight, in milliseconds. */
export const DRAIN_MS = 10_000;
