import type { Trace, TracesReadParams, TracesReadResult } from '@outrigger/schemas';
import type { FollowOptions } from './types.ts';
import type { Wire } from './wire.ts';

/** How long the daemon holds a question while there is nothing new, in milliseconds. */
const WAIT_MS = 20_000;
const MOST = 100;

/** Records of events as they end, from this call on. Rejects with HOST_STOPPED when the connection ends, with METHOD_UNKNOWN where no daemon answers. */
export function followTraces(wire: Wire, options: FollowOptions = {}): AsyncIterable<Trace> {
  // Asked now: what ends before somebody begins to read counts too.
  const begun = wire.request<TracesReadResult>('traces/read', { events: 0 }, options.signal);
  begun.catch(() => {});
  return follow(wire, begun, options);
}

async function* follow(
  wire: Wire,
  begun: Promise<TracesReadResult>,
  { hook, signal, onMissing = () => {} }: FollowOptions,
): AsyncGenerator<Trace> {
  const wanted: TracesReadParams = { events: MOST, waitMs: WAIT_MS, ...(hook === undefined ? {} : { hook }) };
  try {
    for (let after = (await begun).next; ; ) {
      const read = await wire.request<TracesReadResult>('traces/read', { ...wanted, after }, signal);
      if (read.hasGap) onMissing();
      after = read.next;
      yield* read.traces as unknown as Trace[];
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}
