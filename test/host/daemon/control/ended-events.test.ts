import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AnyHost } from '../../../../host/daemon/clients/types.ts';
import { EndedEvents } from '../../../../host/daemon/control/ended-events.ts';
import { type AppHost, DRAFT, Hosts } from '../../../support/hosts.ts';

let hosts: Hosts;
let host: AppHost;
let ended: EndedEvents;

beforeEach(async () => {
  hosts = new Hosts();
  host = await hosts.open();
  host.on('app.save', () => ({}));
  ended = new EndedEvents(host as unknown as AnyHost);
});

afterEach(() => hosts.close());

async function fire(title = DRAFT.title): Promise<string> {
  return (await host.emit('app.save', { ...DRAFT, title })).event;
}

function events({ traces }: { traces: readonly object[] }): unknown[] {
  return traces.map((trace) => (trace as { event: string }).event);
}

test('read() has the traces of the latest events, and goes on behind one in turn', async () => {
  const fired = [await fire(), await fire(), await fire()];

  expect(events(ended.read({ events: 2 }))).toEqual(fired.slice(1));
  expect(ended.read({ events: 0 })).toEqual({ traces: [], next: 3, hasGap: false });
  const first = ended.read({ after: 0, events: 2 });
  expect([events(first), first.next]).toEqual([fired.slice(0, 2), 2]);
  expect(events(ended.read({ after: first.next }))).toEqual(fired.slice(2));
  expect(events(ended.read({ hook: 'app.other' }))).toEqual([]);
});

test('read() puts no more into one answer than a message may hold', async () => {
  for (let number = 0; number < 4; number++) await fire('x'.repeat(900_000));

  const first = ended.read({ after: 0 });
  expect(first.traces.length).toBeGreaterThan(0);
  expect(first.traces.length).toBeLessThanOrEqual(4);
  expect(JSON.stringify(first).length).toBeLessThan(4 * 1024 * 1024);
});

test('read() says when events behind the one it was asked for are forgotten', async () => {
  const event = await fire();
  for (let number = 0; number < 2100; number++) await fire();

  const late = ended.read({ after: 0, events: 1 });
  expect(late.hasGap).toBe(true);
  expect(events(late)).not.toContain(event);
});

test('follow() settles with the next event of the hook point', async () => {
  const reading = ended.follow({ hook: 'app.save', after: 0, waitMs: 20_000 }, new AbortController().signal);
  const event = await fire();

  expect(events(await reading)).toEqual([event]);
  expect(await ended.follow({ after: 1, waitMs: 20_000 }, AbortSignal.abort())).toMatchObject({ traces: [] });
});

test('close() ends the listening', async () => {
  ended.close();
  await fire();
  expect(ended.read({})).toEqual({ traces: [], next: 0, hasGap: false });
});
