import type { Trace } from '@outrigger/schemas';
import type { EventRun } from '../dispatcher/event-run.ts';
import { makeTrace } from '../dispatcher/trace.ts';
import type { Failure } from '../protocol/types.ts';

/** Most the kept records may weigh together, in bytes; payloads that were changed are kept alive by them. */
const MAX_WEIGHT = 64 * 1024 * 1024;

/** The latest events, bounded by number and weight: where traces are read and where `hook/emit` finds its parent. */
export class RecentEvents {
  readonly #capacity: number;
  readonly #runs: Map<string, EventRun> = new Map();
  readonly #open: Set<EventRun> = new Set();
  #weight = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  begin(run: EventRun): void {
    this.#open.add(run);
  }

  end(run: EventRun): void {
    this.#open.delete(run);
    this.#runs.set(run.event, run);
    this.#weight += run.weight;
    for (const [event, oldest] of this.#runs) {
      if (this.#runs.size <= this.#capacity && this.#weight <= MAX_WEIGHT) break;
      this.#runs.delete(event);
      this.#weight -= oldest.weight;
    }
  }

  /** The event, whether it is over or not. */
  find(event: string): EventRun | undefined {
    const over = this.#runs.get(event);
    if (over !== undefined) return over;
    for (const run of this.#open) if (run.event === event) return run;
    return undefined;
  }

  /** The events that this plugin handles right now, the deepest first. */
  handledBy(plugin: string): EventRun[] {
    return [...this.#open].filter((run) => run.busy.has(plugin)).sort((a, b) => b.depth - a.depth);
  }

  /** Ends every event that is not over yet. */
  cancelOpen(reason: Failure): void {
    for (const run of [...this.#open]) run.cancel(reason);
  }

  traces(): Trace[] {
    return [...this.#runs.values()].map(makeTrace);
  }
}
