import type { Trace, TracesReadResult } from '@outrigger/schemas';
import { followTraces } from '../client/follow-traces.ts';
import type { Wire } from '../client/wire.ts';
import { followAllTraces, merged, type TracePlaces } from '../journal/read-journal.ts';
import { HostError } from '../protocol/errors.ts';
import type { CliContext } from './context.ts';

/** Traces of a daemon as its events end, and those that the command line writes beside it; from this call on. */
export function followDaemon(context: CliContext, places: TracePlaces, wire: Wire): AsyncIterable<Trace> {
  const onMissing = (): void => context.log.warn('Events are missing here: they came faster than they were read');
  const sources: AsyncIterable<Trace>[] = [fromDaemon(context, places, followTraces(wire, { onMissing }))];
  // The journal holds what the daemon tells by itself.
  if (places.file !== undefined) sources.push(followAllTraces({ ...places, journal: NOWHERE }, never()));
  return merged(sources.map((source) => source[Symbol.asyncIterator]()));
}

/** Traces as they came over the wire. */
export function tracesOf({ traces }: TracesReadResult): Trace[] {
  return traces as unknown as Trace[];
}

/** A signal that nobody gives: whoever follows is interrupted as a whole. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

const NOWHERE = '';

/** When the daemon ends, what the next one writes into the journal. */
async function* fromDaemon({ log }: CliContext, { journal }: TracePlaces, told: AsyncIterable<Trace>): AsyncGenerator<Trace> {
  try {
    yield* told;
  } catch (error) {
    if (!(error instanceof HostError && error.code === 'HOST_STOPPED')) throw error;
    log.warn('The daemon ended; what the next one keeps on disk follows', { reason: error.message });
  }
  yield* followAllTraces({ file: undefined, journal }, never());
}
