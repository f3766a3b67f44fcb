import type { Trace } from '@outrigger/schemas';
import type { EventRun } from '../dispatcher/event-run.ts';
import { makeTrace } from '../dispatcher/trace.ts';
import type { Failure } from '../protocol/types.ts';

/** Most the kept records may weigh together, in bytes; payloads that were changed are kept alive by them. */
const MAX_WEIGHT = 64 * 1024 * 1024;

/** The latest events, bounded by number and weight: where traces are read and where `hook/emit` finds its parent. */
export class RecentEvents {
  /** A ring: looked through when somebody asks, which is rare; filled by every event. */
  readonly #ring: (EventRun | undefined)[];
  /** By place in the ring, so that a record is forgotten without being looked at: it lies far away in memory by then. */
  readonly #weights: Float64Array;
  /** Each knows its place. */
  readonly #open: EventRun[] = [];
  readonly #watches: Set<{ readonly runs: Set<EventRun>; readonly resolve: () => void }> = new Set();
  #oldest = 0;
  #count = 0;
  #weight = 0;

  constructor(capacity: number) {
    this.#ring = new Array(capacity).fill(undefined);
    this.#weights = new Float64Array(capacity);
  }

  begin(run: EventRun): void {
    run.place = this.#open.push(run) - 1;
  }

  end(run: EventRun): void {
    this.#leave(run);
    if (this.#watches.size > 0) this.#tellOver(run);
    if (this.#ring.length === 0) return;
    if (this.#count === this.#ring.length) this.#forgetOldest();
    const place = (this.#oldest + this.#count) % this.#ring.length;
    // Who is told of each event has seen the one before.
    this.#ring[(place + this.#ring.length - 1) % this.#ring.length]?.letGo();
    this.#ring[place] = run;
    this.#weights[place] = run.weight;
    this.#count += 1;
    this.#weight += run.weight;
    while (this.#weight > MAX_WEIGHT && this.#count > 0) this.#forgetOldest();
  }

  /** The latest takes its place. */
  #leave(run: EventRun): void {
    const { place } = run;
    if (this.#open[place] !== run) return;
    const latest = this.#open.pop() as EventRun;
    if (latest === run) return;
    this.#open[place] = latest;
    latest.place = place;
  }

  #forgetOldest(): void {
    this.#weight -= this.#weights[this.#oldest] ?? 0;
    this.#ring[this.#oldest] = undefined;
    this.#oldest = (this.#oldest + 1) % this.#ring.length;
    this.#count -= 1;
  }

  /** The event, whether it is over or not. */
  find(event: string): EventRun | undefined {
    for (const run of this.#open) if (run.event === event) return run;
    return this.#ring.find((run) => run?.event === event);
  }

  /** The events that this plugin handles right now, the deepest first. */
  handledBy(plugin: string): EventRun[] {
    return this.#open.filter((run) => run.busy.includes(plugin)).sort((a, b) => b.depth - a.depth);
  }

  /** Settles when every event that is open now is over. */
  async openOver(): Promise<void> {
    const runs = new Set(this.#open);
    if (runs.size === 0) return;
    return new Promise((resolve) => this.#watches.add({ runs, resolve }));
  }

  #tellOver(run: EventRun): void {
    for (const watch of this.#watches) {
      watch.runs.delete(run);
      if (watch.runs.size > 0) continue;
      this.#watches.delete(watch);
      watch.resolve();
    }
  }

  /** Ends every event that is not over yet. */
  cancelOpen(reason: Failure): void {
    for (const run of [...this.#open]) run.cancel(reason);
  }

  traces(): Trace[] {
    return Array.from({ length: this.#count }, (_, place) => this.#ring[(this.#oldest + place) % this.#ring.length]).flatMap((run) =>
      run === undefined ? [] : [makeTrace(run)],
    );
  }
}
