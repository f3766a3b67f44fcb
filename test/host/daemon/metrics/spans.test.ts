import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanStatus,
  trace,
} from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AppHost, DRAFT, Hosts } from '../../../support/hosts.ts';

interface Seen {
  readonly name: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly traceId: string;
  readonly attributes: Attributes;
  status?: SpanStatus;
  ends: number;
}

/** What an application registers, made small: it keeps the spans that it is told of. */
const spans: Seen[] = [];
const storage = new AsyncLocalStorage<Context>();
const manager: ContextManager = {
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (active, run, self, ...args) => storage.run(active, () => run.apply(self as never, args)),
  bind: (_context, target) => target,
  enable: () => manager,
  disable: () => manager,
};

function startSpan(name: string, options: { attributes?: Attributes } = {}, parentContext: Context = context.active()): Span {
  const parent = trace.getSpanContext(parentContext);
  const id = (spans.length + 1).toString(16).padStart(16, '0');
  const traceId = parent?.traceId ?? 'a'.repeat(32);
  const seen: Seen = { name, id, parent: parent?.spanId, traceId, attributes: { ...options.attributes }, ends: 0 };
  spans.push(seen);
  const span = {
    spanContext: () => ({ traceId, spanId: id, traceFlags: 1 }),
    setAttributes: (more: Attributes) => Object.assign(seen.attributes, more),
    setStatus: (status: SpanStatus) => {
      seen.status = status;
    },
    end: () => {
      seen.ends += 1;
    },
  };
  return span as unknown as Span;
}

const PROVIDER = { getTracer: () => ({ startSpan }) as never };
const APPLICATION = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
let hosts: Hosts;
let host: AppHost;
let heard: (string | undefined)[];

beforeAll(() => {
  trace.setGlobalTracerProvider(PROVIDER);
  context.setGlobalContextManager(manager);
});

afterAll(() => {
  trace.disable();
  context.disable();
});

beforeEach(async () => {
  spans.length = 0;
  heard = [];
  hosts = new Hosts();
  host = await hosts.open();
  host.on('app.save', (_payload, { context: { traceparent } }) => void heard.push(traceparent), { name: 'listens' });
});

afterEach(() => hosts.close());

test('an event is a span below the one that the caller names, and each call is one below it', async () => {
  const { event } = await host.emit('app.save', DRAFT, { traceparent: APPLICATION });
  const [whole, call] = spans;
  expect(spans).toHaveLength(2);
  expect(whole).toMatchObject({
    name: 'app.save',
    parent: 'b7ad6b7169203331',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    attributes: { 'outrigger.hook': 'app.save', 'outrigger.event': event, 'outrigger.outcome': 'continued' },
    ends: 1,
  });
  expect(call).toMatchObject({ name: 'listens', parent: whole?.id, attributes: { 'outrigger.status': 'continued' }, ends: 1 });
});

test('those who are asked get the span of the event as their parent', async () => {
  await host.emit('app.save', DRAFT, { traceparent: APPLICATION });
  expect(heard).toEqual(['00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01']);
});

test.each([{}, { traceparent: 'no' }, { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }])(
  'an event is a span below the one that is active when the caller names none that is one: %j',
  async (options) => {
    const outer = startSpan('outer');
    await context.with(trace.setSpan(ROOT_CONTEXT, outer), () => host.emit('app.save', DRAFT, options));
    expect(spans[1]).toMatchObject({ name: 'app.save', parent: spans[0]?.id });
  },
);

test('a call that failed has its code, and its span says so', async () => {
  const fails = (): never => {
    throw new Error('no');
  };
  host.on('app.save', fails, { onFailure: 'ignore' });
  await host.emit('app.save', DRAFT);
  expect(spans.find(({ name }) => name === 'fails')).toMatchObject({ attributes: { 'error.type': 'PLUGIN_ERROR' }, status: { code: 2 } });
});

test('an event that never begins, or is cancelled, ends its span once', async () => {
  await expect(host.emit('app.save', { title: 1 } as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
  await expect(host.emit('app.save', DRAFT, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  const [invalid, cancelled] = spans;
  expect(invalid).toMatchObject({ status: { code: 2, message: expect.stringContaining('Cannot emit "app.save"') }, ends: 1 });
  expect(cancelled).toMatchObject({ attributes: { 'outrigger.outcome': 'cancelled' }, ends: 1 });
});

test('an event that nobody hears has no span', async () => {
  await host.emit('app.lookup', DRAFT);
  expect(spans).toEqual([]);
});

test('without a provider a trace context is passed on as it is', async () => {
  trace.disable();
  await host.emit('app.save', DRAFT, { traceparent: APPLICATION });
  trace.setGlobalTracerProvider(PROVIDER);
  expect(heard).toEqual([APPLICATION]);
  expect(spans).toEqual([]);
});
