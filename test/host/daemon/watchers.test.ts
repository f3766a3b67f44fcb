import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FinishedEvent } from '../../../host/daemon/metrics/finished-event.ts';
import { type AppHost, DRAFT, Hosts } from '../../support/hosts.ts';
import { waitUntil } from '../../support/wait-until.ts';

let hosts: Hosts;
let host: AppHost;
let seen: FinishedEvent[];

beforeEach(async () => {
  hosts = new Hosts();
  host = await hosts.open();
  seen = [];
});

afterEach(() => hosts.close());

function seenEvents(): string[] {
  return seen.map(({ event }) => event);
}

async function fire(title: string): Promise<string> {
  return (await host.emit('app.save', { ...DRAFT, title })).event;
}

test('events about which nobody said anything are gathered for a moment, and then told of in their order', async () => {
  host.on('app.save', () => undefined);
  host.watch((event) => seen.push(event));
  const fired = [await fire('one'), await fire('two'), await fire('three')];
  expect(seen).toEqual([]);
  await waitUntil(() => seen.length === 3, 'the watcher to be told');
  expect(seenEvents()).toEqual(fired);
});

test('an event that says more is told of at once, behind those that wait', async () => {
  host.on('app.save', ({ title }) => (title === 'tell' ? { metadata: { told: true } } : undefined));
  host.watch((event) => seen.push(event));
  const fired = [await fire('one'), await fire('two'), await fire('tell')];
  expect(seenEvents()).toEqual(fired);
});

test('tellWatchers(), stats() and close() tell of what waits, and so does the end of the watching', async () => {
  host.on('app.save', () => undefined);
  const stop = host.watch((event) => seen.push(event));
  await fire('one');
  host.tellWatchers();
  expect(seen).toHaveLength(1);
  await fire('two');
  host.stats();
  expect(seen).toHaveLength(2);
  await fire('three');
  stop();
  expect(seen).toHaveLength(3);
  host.watch((event) => seen.push(event));
  await fire('four');
  await host.close();
  expect(seen).toHaveLength(4);
});

test('more than 256 events do not wait, and every outcome has its own payload', async () => {
  host.on('app.save', () => undefined);
  host.watch((event) => seen.push(event));
  const outcomes = await Promise.all(Array.from({ length: 300 }, (_, number) => host.emit('app.save', { ...DRAFT, title: `t${number}` })));
  expect(seen.length).toBeGreaterThanOrEqual(256);
  expect(outcomes.map(({ payload }) => payload)).toEqual(outcomes.map((_, number) => ({ ...DRAFT, title: `t${number}` })));
  host.tellWatchers();
  expect(seenEvents()).toEqual(outcomes.map(({ event }) => event));
});

test('what an application changes afterwards is not in the record', async () => {
  const answer = { metadata: { from: 'the answer' } };
  host.on('app.save', ({ title }) => (title === 'change' ? { action: 'modify', changes: { tags: ['new'] } } : answer));
  const texts: string[] = [];
  host.watch(({ text }) => texts.push(text()));

  await fire('tell');
  answer.metadata.from = 'afterwards';
  const { payload } = await host.emit('app.save', { ...DRAFT, title: 'change' });
  payload.tags.push('afterwards');
  host.tellWatchers();

  expect(texts).toHaveLength(2);
  expect(texts.join()).not.toContain('afterwards');
});

test('the record in the ring is whole after watchers were told', async () => {
  host.on('app.save', () => undefined);
  host.watch((event) => seen.push(event));
  const { event, trace } = await host.emit('app.save', DRAFT);
  host.tellWatchers();
  expect(host.trace(event)).toEqual(trace);
});
