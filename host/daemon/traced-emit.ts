import type { Trace } from '@outrigger/schemas';
import { type EmitContext, emit } from '../dispatcher/emit.ts';
import type { Origin } from '../dispatcher/event-run.ts';
import type { Plan } from '../dispatcher/plan.ts';
import { makeTrace } from '../dispatcher/trace.ts';
import type { Outcome } from '../dispatcher/types.ts';
import { eventMeter } from './metrics/event-meter.ts';
import { type EventWatcher, finishedEvent } from './metrics/finished-event.ts';
import { type EventSpan, startEventSpan } from './metrics/spans.ts';

type Payload = Record<string, unknown>;

interface At {
  readonly origin: Origin;
  readonly context: EmitContext;
}

/** emit(), with a span around it and its durations measured, when the application registered somebody who takes them. */
export function tracedEmit(plan: Plan, payload: Payload, at: At): Promise<Outcome> {
  const span = startEventSpan(plan.hook.name, at.origin.traceparent);
  const meter = eventMeter();
  return span === undefined && meter === undefined ? emit(plan, payload, at) : watchedEmit(plan, payload, { ...at, span, meter });
}

interface Watched extends At {
  readonly span: EventSpan | undefined;
  readonly meter: EventWatcher | undefined;
}

async function watchedEmit(plan: Plan, payload: Payload, { origin, context, span, meter }: Watched): Promise<Outcome> {
  const record: EmitContext['record'] = (run) => {
    context.record(run);
    const read = (): Trace => context.shown(makeTrace(run));
    const event = finishedEvent(run, { read, text: () => JSON.stringify(read()) });
    span?.end(event);
    meter?.(event);
  };
  const inside = span === undefined ? origin : { ...origin, traceparent: span.traceparent };
  try {
    return await emit(plan, payload, { origin: inside, context: { ...context, record } });
  } catch (error) {
    span?.fail(error);
    throw error;
  }
}
