import type { Context, Span, SpanContext } from '@opentelemetry/api';
import { errorText } from '../../protocol/errors.ts';
import type { FinishedCall, FinishedEvent } from './finished-event.ts';
import { type Api, registeredApi } from './open-telemetry.ts';

const TRACEPARENT = /^[\da-f]{2}-(?<traceId>[\da-f]{32})-(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})/;

/** The span of one event, under way. */
export interface EventSpan {
  /** For those who are asked: their own spans become children of this one. */
  readonly traceparent: string | undefined;
  end(event: FinishedEvent): void;
  /** The event never began, or nobody is to hear what became of it. Nothing happens when it has ended. */
  fail(error: unknown): void;
}

/** Begins a span below `traceparent`, else below the one that is active; undefined when the application registered no tracer provider. */
export function startEventSpan(hook: string, traceparent: string | undefined): EventSpan | undefined {
  const api = registeredApi('trace');
  if (api === undefined) return undefined;
  const tracer = api.trace.getTracer('outrigger');
  const parent = parentOf(api, traceparent);
  const span = tracer.startSpan(hook, { attributes: { 'outrigger.hook': hook } }, parent);
  let hasEnded = false;
  return {
    traceparent: traceparentOf(api, span.spanContext()) ?? traceparent,
    end: (event) => {
      hasEnded = true;
      const inside = api.trace.setSpan(parent, span);
      for (const call of event.calls) {
        const startTime = event.time + call.startMs;
        const child = tracer.startSpan(call.plugin, { startTime, attributes: callAttributes(call) }, inside);
        if (call.status === 'failed') child.setStatus(failed(api, call.code));
        child.end(startTime + call.durationMs);
      }
      span.setAttributes(eventAttributes(event));
      span.end(event.time + event.durationMs);
    },
    fail: (error) => {
      if (!hasEnded) endFailed(api, span, error);
      hasEnded = true;
    },
  };
}

function parentOf(api: Api, traceparent: string | undefined): Context {
  const active = api.context.active();
  const { traceId, spanId, flags } = TRACEPARENT.exec(traceparent ?? '')?.groups ?? {};
  if (traceId === undefined || spanId === undefined) return active;
  const remote: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags ?? '00', 16), isRemote: true };
  return api.isSpanContextValid(remote) ? api.trace.setSpanContext(active, remote) : active;
}

function traceparentOf(api: Api, context: SpanContext): string | undefined {
  const { traceId, spanId, traceFlags } = context;
  return api.isSpanContextValid(context) ? `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` : undefined;
}

function eventAttributes({ event, status, by }: FinishedEvent): Record<string, string> {
  return { 'outrigger.event': event, 'outrigger.outcome': status, ...(by === undefined ? {} : { 'outrigger.by': by }) };
}

function callAttributes({ plugin, status, code }: FinishedCall): Record<string, string> {
  return { 'outrigger.plugin': plugin, 'outrigger.status': status, ...(code === undefined ? {} : { 'error.type': code }) };
}

function failed(api: Api, message: string | undefined): Parameters<Span['setStatus']>[0] {
  return { code: api.SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) };
}

function endFailed(api: Api, span: Span, error: unknown): void {
  span.setStatus(failed(api, errorText(error)));
  span.end();
}
