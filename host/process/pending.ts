import type { Failure } from '../protocol/types.ts';
import type { Timer, Timers } from './timers.ts';
import type { Reply } from './types.ts';

export interface PendingOptions {
  readonly plugin: string;
  readonly timers: Timers;
  /** How long a plugin may take to settle a call that was given up. */
  readonly graceMs: number;
  /** Tells the plugin that the answer is not needed any more. */
  readonly sendCancel: (id: number) => void;
  /** Why an answer may not have been heard: `; …` or nothing. */
  readonly explain?: () => string;
  /** Called once: the plugin did not settle a call within the grace. */
  readonly onHung: (call: { event?: string; method: string }) => void;
}

export interface PendingRequest {
  readonly method: string;
  /** Id of the event of a hook call. */
  readonly event: string | undefined;
  readonly timeoutMs: number;
  /** On the timers' clock. */
  readonly deadline: number;
  settle(reply: Reply): void;
}

/** One request and its timer: the timeout, or the grace once it was given up. */
class Entry implements Timer {
  slot: number = Number.POSITIVE_INFINITY;
  readonly id: number;
  readonly request: PendingRequest;
  /** The deadline is nearer than the timeout. */
  byDeadline: boolean;
  /** Settled without the plugin; waits for its late answer until the grace ends. */
  abandoned = false;
  readonly #pending: Pending;

  constructor(pending: Pending, id: number, request: PendingRequest, byDeadline: boolean) {
    this.id = id;
    this.request = request;
    this.byDeadline = byDeadline;
    this.#pending = pending;
  }

  run(): void {
    this.#pending.onTime(this);
  }
}

/** Every request from host to plugin: settled exactly once, whatever happens. */
export class Pending {
  readonly #options: PendingOptions;
  readonly #entries = new Map<number, Entry>();
  #hung = false;
  /** Hook calls the plugin has not settled, those in their grace included. */
  hookCalls = 0;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  /** `now`: on the timers' clock. */
  add(id: number, request: PendingRequest, { waitMs, now }: { readonly waitMs: number; readonly now: number }): void {
    const entry = new Entry(this, id, request, waitMs < request.timeoutMs);
    this.#options.timers.arm(entry, now + waitMs);
    this.#entries.set(id, entry);
    if (request.event !== undefined) this.hookCalls++;
  }

  /** The reply, or what makes it for the first answer to a request that is still wanted. */
  answer(id: number, reply: Reply | ((request: PendingRequest) => Reply)): 'settled' | 'late' | 'unknown' {
    const entry = this.#entries.get(id);
    if (entry === undefined) return 'unknown';
    this.#remove(entry);
    if (entry.abandoned) return 'late';
    entry.request.settle(typeof reply === 'function' ? reply(entry.request) : reply);
    return 'settled';
  }

  /** Settles the request now, tells the plugin and starts the grace. */
  abandon(id: number, failure: Failure): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.abandoned) return;
    const { timers, graceMs, sendCancel } = this.#options;
    timers.cancel(entry);
    entry.abandoned = true;
    timers.arm(entry, timers.now() + graceMs);
    sendCancel(id);
    entry.request.settle({ ok: false, failure });
  }

  /** The plugin still works on this event: its timeout starts anew, its deadline stays. */
  progress(event: string): void {
    const { timers } = this.#options;
    for (const entry of this.#entries.values()) {
      if (entry.request.event !== event || entry.abandoned) continue;
      timers.cancel(entry);
      const now = timers.now();
      const waitMs = waitOf(entry.request, now);
      entry.byDeadline = waitMs < entry.request.timeoutMs;
      timers.arm(entry, now + waitMs);
    }
  }

  /** Settles everything with this failure. */
  close(failure: Failure): void {
    const entries = [...this.#entries.values()];
    for (const entry of entries) this.#remove(entry);
    for (const entry of entries) if (!entry.abandoned) entry.request.settle({ ok: false, failure });
  }

  #remove(entry: Entry): void {
    this.#options.timers.cancel(entry);
    this.#entries.delete(entry.id);
    if (entry.request.event !== undefined) this.hookCalls--;
  }

  /** Its timeout or its grace is over. */
  onTime(entry: Entry): void {
    if (entry.abandoned) this.#onGraceOver(entry);
    else this.#onTimeout(entry);
  }

  #onTimeout(entry: Entry): void {
    const { plugin, explain } = this.#options;
    const { request } = entry;
    if (entry.byDeadline) {
      this.abandon(entry.id, budgetSpent(plugin, request));
      return;
    }
    const message = `Cannot get an answer from plugin "${plugin}" to ${described(request)}: it did not settle within ${request.timeoutMs} ms${explain?.() ?? ''}`;
    this.abandon(entry.id, { code: 'PLUGIN_TIMEOUT', message });
  }

  #onGraceOver(entry: Entry): void {
    this.#remove(entry);
    if (this.#hung) return;
    this.#hung = true;
    const { event, method } = entry.request;
    this.#options.onHung(event === undefined ? { method } : { event, method });
  }
}

/** Milliseconds a request may still take; at most 0 when there is no time left. */
export function waitOf(request: Pick<PendingRequest, 'timeoutMs' | 'deadline'>, now: number): number {
  return Math.min(request.timeoutMs, request.deadline - now);
}

export function budgetSpent(plugin: string, request: Pick<PendingRequest, 'event' | 'method'>): Failure {
  const message = `Cannot wait for plugin "${plugin}" on ${described(request)}: the time for all plugins together is over`;
  return { code: 'EVENT_BUDGET_SPENT', message };
}

/** What was asked, for messages. */
export function described(request: Pick<PendingRequest, 'event' | 'method'>): string {
  return request.event === undefined ? `"${request.method}"` : `event "${request.event}"`;
}
