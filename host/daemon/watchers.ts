import type { Trace } from '@outrigger/schemas';
import type { Answered, EventRun } from '../dispatcher/event-run.ts';
import { CONTINUED, type Progress } from '../dispatcher/merge.ts';
import { makeTrace } from '../dispatcher/trace.ts';
import { errorText } from '../protocol/errors.ts';
import type { Logger } from '../protocol/types.ts';
import { type EventWatcher, finishedEvent } from './metrics/finished-event.ts';
import type { SecretGuard } from './redact-secrets.ts';
import { plainTraceText, saysNothing } from './trace-text.ts';
import type { HostOptions } from './types.ts';

/** How long events that are over are gathered, in milliseconds. */
const GATHER_MS = 25;
/** As many are not gathered any longer. */
const MOST = 256;
/** A heavier one is told of at once: what waits here takes at most `MOST` times as many bytes. */
const LIGHT_BYTES = 64 * 1024;

const WITHOUT_PAYLOAD: Progress = { status: 'continued', payload: {} };

export interface WatchersOptions {
  readonly guard: SecretGuard;
  /** Of the application: told in the turn in which the event ends. */
  readonly onTrace: HostOptions['onTrace'];
  readonly log: Logger;
}

/**
 * Those who look at every event when it is over. Events whose record nobody can change any more are gathered for a moment: one after the other
 * their bookkeeping takes a third of what it takes between two system calls.
 */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watchers: Set<EventWatcher> = new Set();
  #waiting: EventRun[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  /** It is told of what ends from now on; the result ends that. */
  add(watcher: EventWatcher): () => void {
    this.catchUp();
    this.#watchers.add(watcher);
    return () => {
      this.catchUp();
      this.#watchers.delete(watcher);
    };
  }

  /** An event is over; in this order watchers are told. */
  end(run: EventRun): void {
    const { onTrace } = this.#options;
    if (onTrace !== undefined) this.#attempt(run, () => onTrace(() => this.#trace(run)));
    if (this.#watchers.size === 0) return;
    if (!isFixed(run) || run.weight > LIGHT_BYTES) {
      this.catchUp();
      this.#tell(run);
      return;
    }
    if (this.#waiting.length >= MOST) this.catchUp();
    this.#waiting.push(run);
    this.#timer ??= setTimeout(this.#onTime, GATHER_MS);
  }

  /** Tells of what waits. */
  catchUp(): void {
    if (this.#waiting.length === 0) return;
    const runs = this.#waiting;
    this.#waiting = [];
    for (const run of runs) {
      this.#tell(run);
      // Nothing of it is in the record, which would keep it alive.
      run.progress = WITHOUT_PAYLOAD;
    }
  }

  /** Tells of what waits; nothing is left running. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.catchUp();
  }

  #tell(run: EventRun): void {
    this.#attempt(run, () => {
      const finished = finishedEvent(run, { read: () => this.#trace(run), text: () => this.#text(run) });
      for (const watch of this.#watchers) watch(finished);
    });
  }

  #trace(run: EventRun): Trace {
    return this.#options.guard.data(makeTrace(run));
  }

  #text(run: EventRun): string {
    return (this.#options.guard.isEmpty ? plainTraceText(run) : undefined) ?? JSON.stringify(this.#trace(run));
  }

  /** A mistake of who looks must not take the outcome with it. */
  #attempt({ event }: EventRun, look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#options.log.error('onTrace failed', { event, error: errorText(error) });
    }
  }

  readonly #onTime = (): void => {
    this.#timer = undefined;
    this.catchUp();
  };
}

/** True: the record holds nothing that an application has too, and could change. */
function isFixed({ answers, cancelled, progress }: EventRun): boolean {
  return cancelled === undefined && progress.status === 'continued' && answers.every(isFixedAnswer);
}

/** What a handler answered is the application's own. */
function isFixedAnswer(answered: Answered): boolean {
  return answered.judgement === CONTINUED || (answered.participant.handler === undefined && saysNothing(answered));
}
