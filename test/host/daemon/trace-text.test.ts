import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Core } from '../../../host/daemon/core.ts';
import type { HostScope } from '../../../host/daemon/scope.ts';
import { plainTraceText } from '../../../host/daemon/trace-text.ts';
import type { EventRun } from '../../../host/dispatcher/event-run.ts';
import { makeTrace } from '../../../host/dispatcher/trace.ts';
import type { EmitOptions } from '../../../host/dispatcher/types.ts';
import { type AppHooks, DRAFT, fixtures, Hosts } from '../../support/hosts.ts';

let hosts: Hosts;
let core: Core;
let root: HostScope<AppHooks>;

beforeEach(async () => {
  hosts = new Hosts();
  const file = join(await hosts.home, 'events');
  const plugins = fixtures({ 'keeps-events': { config: { file }, hooks: { 'app.save': { mode: 'sequential' } } } });
  ({ core, root } = await hosts.openCore({ config: { plugins } }));
});

afterEach(() => hosts.close());

async function fired(scope: Pick<HostScope<AppHooks>, 'emit'> = root, options?: EmitOptions): Promise<EventRun> {
  const { event } = await scope.emit('app.save', DRAFT, options);
  return core.recent.find(event) as EventRun;
}

/** Byte for byte what the record is as JSON. */
function expectSame(run: EventRun): void {
  expect(plainTraceText(run)).toBe(JSON.stringify(makeTrace(run)));
}

test('plainTraceText() is the JSON of the record when plugins and handlers say nothing', async () => {
  root.on('app.save', () => undefined, { name: 'a "quoted" name\n' });
  root.on('app.save', () => undefined, { mode: 'concurrent', priority: 7 });
  root.on('app.save', () => ({}), { mode: 'audit' });
  const [cold, warm] = [await fired(), await fired(root, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })];
  expect(makeTrace(cold).answers).toMatchObject([{ plugin: 'keeps-events', coldStart: true, pid: expect.any(Number) }, {}, {}, {}]);
  expectSame(cold);
  expectSame(warm);
});

test('plainTraceText() follows the plan', async () => {
  expectSame(await fired());
  const stop = root.on('app.save', () => undefined, { priority: 1 });
  expectSame(await fired());
  stop();
  expectSame(await fired());
});

test('plainTraceText() leaves alone an event with an operation or a session', async () => {
  expect(plainTraceText(await fired(root.operation('o1')))).toBeUndefined();
  expect(plainTraceText(await fired(root.open({ id: 's1' })))).toBeUndefined();
});

test.each([
  ['changes something', () => ({ action: 'modify', changes: { title: 'new' } }) as const],
  ['would change something', () => ({ action: 'modify', changes: { title: 'new' } }) as const, { mode: 'audit' } as const],
  ['blocks', () => ({ action: 'block', violation: { reason: 'no', code: 'NO' } }) as const],
  ['tells something', () => ({ metadata: { told: 1 } })],
  ['says when to come again', () => ({ retryAfterMs: 1 })],
  ['is told in the background', () => undefined, { mode: 'fire_and_forget' } as const],
])(
  'plainTraceText() leaves alone an event about which one %s',
  async (_, handler, options?: { readonly mode: 'audit' | 'fire_and_forget' }) => {
    root.on('app.save', handler as never, options as never);
    expect(plainTraceText(await fired())).toBeUndefined();
  },
);
