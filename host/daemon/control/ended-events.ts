import type { Trace, TracesReadParams, TracesReadResult } from '@outrigger/schemas';
import type { AnyHost } from '../clients/types.ts';
import { untilHeard } from '../until-heard.ts';

interface Ended {
  readonly number: number;
  readonly event: string;
  readonly hook: string;
}

/** Events whose order is known; how many of their traces are remembered is the host's own bound. */
export const KEPT_ENDED = 1000;
/** Most that one answer holds, so that it stays below the bound of a message. */
const MAX_CHARS: number = 2 * 1024 * 1024;
const EVENTS = 20;

/** Which events ended, in this order, for those who want their traces one after another. */
export class EndedEvents {
  readonly #host: AnyHost;
  readonly #listeners: Set<(ended: Ended) => void> = new Set();
  readonly #unwatch: () => void;
  #ended: Ended[] = [];
  #count = 0;
  /** Number of the last one that had to go. */
  #goneTo = 0;

  constructor(host: AnyHost) {
    this.#host = host;
    this.#unwatch = host.watch(({ event, hook }) => this.#add({ number: this.#count + 1, event, hook }));
  }

  close(): void {
    this.#unwatch();
  }

  read({ hook, events = EVENTS, after }: TracesReadParams): TracesReadResult {
    this.#host.tellWatchers();
    const wanted = this.#ended.filter((one) => one.number > (after ?? 0) && (hook === undefined || one.hook === hook));
    // Whoever goes on from somewhere gets the next ones, everybody else the latest.
    const inTurn = after === undefined ? wanted.toReversed() : wanted;
    const { traces, last, isForgotten } = this.#gather(inTurn.slice(0, events));
    const hasMore = after !== undefined && last !== wanted.at(-1)?.number;
    return {
      traces: (after === undefined ? traces.reverse() : traces) as unknown as TracesReadResult['traces'],
      next: hasMore ? (last ?? after) : this.#count,
      hasGap: after !== undefined && (this.#goneTo > after || isForgotten),
    };
  }

  /** The same, once there is something behind `after`, or `waitMs` are over, or the signal aborts. */
  async follow(params: TracesReadParams, signal: AbortSignal): Promise<TracesReadResult> {
    const { after, hook, waitMs = 0 } = params;
    const now = this.read(params);
    if (after === undefined || waitMs === 0 || now.traces.length > 0 || now.hasGap) return now;
    const isWanted = (ended: Ended): boolean => hook === undefined || ended.hook === hook;
    await untilHeard((listener: (ended: Ended) => void) => this.#listen(listener), isWanted, { signal, ms: waitMs });
    return this.read(params);
  }

  /** As many of them, from the first, as fit into one answer; always one. */
  #gather(ended: readonly Ended[]): { traces: Trace[]; last: number | undefined; isForgotten: boolean } {
    const traces: Trace[] = [];
    let chars = 0;
    let last: number | undefined;
    let isForgotten = false;
    for (const { event, number } of ended) {
      const trace = this.#host.trace(event);
      chars += trace === undefined ? 0 : JSON.stringify(trace).length;
      if (chars > MAX_CHARS && traces.length > 0) break;
      if (trace === undefined) isForgotten = true;
      else traces.push(trace);
      last = number;
    }
    return { traces, last, isForgotten };
  }

  #listen(listener: (ended: Ended) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #add(ended: Ended): void {
    this.#count = ended.number;
    this.#ended.push(ended);
    if (this.#ended.length >= 2 * KEPT_ENDED) {
      this.#goneTo = this.#ended[KEPT_ENDED - 1]?.number ?? 0;
      this.#ended = this.#ended.slice(KEPT_ENDED);
    }
    for (const listen of this.#listeners) listen(ended);
  }
}
