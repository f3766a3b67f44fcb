import type { Timer, Timers } from '../process/timers.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import type { CallReply, PluginHandle } from '../supervisor/types.ts';
import type { Spool } from './spool.ts';
import type { SpoolItem } from './types.ts';

export interface DelivererOptions {
  /** Under what the plugin's events are kept. */
  readonly key: string;
  readonly spool: Spool;
  readonly timers: Timers;
  /** Told when an event is given up: it was set aside. */
  readonly onSetAside: (item: SpoolItem, failure: Failure) => void;
}

/** Failures that say something about this event: after that many it is set aside, so that those behind it get their turn. */
const MAX_ATTEMPTS = 5;
const ITS_FAULT: ReadonlySet<ErrorCode> = new Set([
  ...(['PLUGIN_ERROR', 'PLUGIN_TIMEOUT', 'PLUGIN_HUNG', 'PLUGIN_EXITED'] as const),
  ...(['EVENT_POISONED', 'MESSAGE_INVALID'] as const),
]);
/** It will not be any better the next time. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['MESSAGE_TOO_LARGE']);
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
const BATCH = 32;
/** How long a call may wait for a process, in milliseconds, beside its timeout. */
const START_MS = 15_000;

/** Hands a plugin its events from the spool: one at a time, in order, each until the plugin has answered. */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #hears: Map<string, { readonly plugin: PluginHandle; readonly timeoutMs: number }> = new Map();
  /** Last event that is settled or in work. */
  #after = 0;
  /** Events that were passed over may be delivered now. */
  #isRewound = false;
  #isRunning = false;
  #isDue = false;
  #isClosed = false;
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /** Events of this hook point go to this plugin from now on; those of others stay where they are. */
  serve(hook: string, plugin: PluginHandle, timeoutMs: number): void {
    if (!this.#hears.has(hook)) this.#isRewound = true;
    this.#hears.set(hook, { plugin, timeoutMs });
  }

  /** Something was kept, or may be. */
  wake(): void {
    this.#isDue = true;
    if (!this.#isRunning && !this.#isClosed) void this.#run();
  }

  /** The plugin is there again: what waits for it need not wait any longer. */
  nudge(): void {
    this.#pause?.end();
  }

  /** What was not delivered stays in the spool. */
  close(): void {
    this.#isClosed = true;
    this.#pause?.end();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      try {
        if (await this.#deliverSome()) this.#isDue = true;
        pauseMs = FIRST_PAUSE_MS;
      } catch {
        // The spool cannot be read; it says so itself, and what is in it is tried again.
        this.#isDue = true;
        await this.#wait(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
    this.#isRunning = false;
  }

  async #deliverSome(): Promise<boolean> {
    const { key, spool } = this.#options;
    if (this.#isRewound) this.#after = 0;
    this.#isRewound = false;
    const items = await spool.read(key, this.#after, BATCH);
    for (const item of items) {
      if (this.#hears.has(item.hook)) await this.#deliver(item);
      if (this.#isClosed) return false;
      this.#after = item.seq;
    }
    return items.length > 0;
  }

  async #deliver(item: SpoolItem): Promise<void> {
    const { key, spool } = this.#options;
    let { attempts } = item;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isClosed; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const reply = await this.#ask({ ...item, attempts });
      if (reply.ok) return spool.settle(key, item.seq);
      const { failure } = reply;
      if (this.#isClosed) return;
      if (ITS_FAULT.has(failure.code)) {
        attempts += 1;
        spool.blame(item.seq);
      }
      if (attempts >= MAX_ATTEMPTS || HOPELESS.has(failure.code)) return this.#giveUp(item, failure);
      await this.#wait(pauseMs);
    }
  }

  #giveUp(item: SpoolItem, failure: Failure): void {
    const { key, spool, onSetAside } = this.#options;
    spool.setAside(key, item.seq, failure.message);
    onSetAside(item, failure);
  }

  #ask({ event, hook, body, attempts }: SpoolItem): Promise<CallReply> {
    const { timers } = this.#options;
    const { plugin, timeoutMs } = this.#hears.get(hook) ?? {};
    if (plugin === undefined || timeoutMs === undefined) throw new TypeError('only hook points that are served are asked for');
    const deadline = timers.now() + timeoutMs + START_MS;
    return new Promise((settle) => {
      plugin.invoke({
        event: callName(event, attempts),
        hook,
        shared: body,
        state: undefined,
        timeoutMs,
        deadline,
        idempotent: false,
        settle,
      });
    });
  }

  #wait(ms: number): Promise<void> {
    const { timers } = this.#options;
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve();
      const end = (): void => {
        timers.cancel(timer);
        this.#pause = undefined;
        resolve();
      };
      const timer = timers.after(ms, end);
      this.#pause = { timer, end };
    });
  }
}

/** For the host only, the plugin reads the id: after two deaths a name is poison, and two may be an accident of somebody who kills processes. */
function callName(event: string, attempts: number): string {
  return attempts < 2 ? event : `${event}#${attempts - (attempts % 2)}`;
}
