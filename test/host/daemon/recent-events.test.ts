import { beforeAll, expect, test } from 'vitest';
import { RecentEvents } from '../../../host/daemon/recent-events.ts';
import { EventRun, type Origin } from '../../../host/dispatcher/event-run.ts';
import type { Plan } from '../../../host/dispatcher/plan.ts';
import { handler, loadHook, planOf } from '../../support/events.ts';

let plan: Plan;
beforeAll(async () => {
  const hook = await loadHook();
  plan = planOf(hook, [handler(hook, 'h', () => undefined)]);
});

function run(origin: Origin = {}, weight = 0): EventRun {
  const event = new EventRun(plan, { title: 'x' }, { origin, now: 0, hasBudget: true });
  event.weight = weight;
  return event;
}

test('RecentEvents keeps the latest ones, newest last', () => {
  const recent = new RecentEvents(3);
  const runs = Array.from({ length: 5 }, () => run());
  for (const event of runs) recent.end(event);

  expect(recent.traces().map(({ event }) => event)).toEqual(runs.slice(2).map(({ event }) => event));
  expect(recent.find(runs[0]?.event ?? '')).toBeUndefined();
});

test('RecentEvents keeps no more than its weight allows', () => {
  const recent = new RecentEvents(1000);
  const mebibyte = 1024 * 1024;
  const heavy = Array.from({ length: 10 }, () => run({}, 20 * mebibyte));
  for (const event of heavy) recent.end(event);

  expect(recent.traces()).toHaveLength(3);
  recent.end(run({}, 100 * mebibyte));
  expect(recent.traces()).toEqual([]);
});

test('RecentEvents keeps the answers of the latest event as they are, and of those before as texts', () => {
  const recent = new RecentEvents(2);
  const small: string[] = [];
  const runs = ['a', 'b', 'c', 'd'].map((name) => Object.assign(run(), { letGo: () => void small.push(name) }));

  const after = runs.map((event) => {
    recent.end(event);
    return small.join('');
  });

  expect(after).toEqual(['', 'a', 'ab', 'abc']);
});

test('RecentEvents keeps nothing when its capacity is 0', () => {
  const recent = new RecentEvents(0);
  recent.end(run());

  expect(recent.traces()).toEqual([]);
});

test('RecentEvents finds an event before and after its end', () => {
  const recent = new RecentEvents(10);
  const event = run();
  recent.begin(event);
  expect(recent.find(event.event)).toBe(event);

  recent.end(event);

  expect(recent.find(event.event)).toBe(event);
});

test('RecentEvents.handledBy() gives the events a plugin handles, the deepest first', () => {
  const recent = new RecentEvents(10);
  const outer = run();
  const inner = run({ parent: outer });
  const other = run();
  for (const event of [outer, inner, other]) recent.begin(event);
  outer.busy.push('p');
  inner.busy.push('p');
  other.busy.push('q');

  expect(recent.handledBy('p')).toEqual([inner, outer]);
  recent.end(inner);
  expect(recent.handledBy('p')).toEqual([outer]);
  expect(recent.handledBy('nobody')).toEqual([]);
});

test('RecentEvents.cancelOpen() ends what is not over', () => {
  const recent = new RecentEvents(10);
  const [open, over] = [run(), run()];
  recent.begin(open);
  recent.begin(over);
  recent.end(over);

  recent.cancelOpen({ code: 'HOST_STOPPED', message: 'closed' });

  expect([open.cancelled?.code, over.cancelled]).toEqual(['HOST_STOPPED', undefined]);
});

test.each([
  [0, 1, 2],
  [2, 1, 0],
  [1, 0, 2],
  [0, 2, 1],
])('RecentEvents knows who is open when they end in the order %i, %i, %i', (...order) => {
  const recent = new RecentEvents(0);
  const runs = [run(), run(), run()];
  for (const event of runs) recent.begin(event);
  const open = new Set(runs);

  for (const place of order) {
    const event = runs[place];
    if (event === undefined) expect.unreachable('there are three');
    recent.end(event);
    open.delete(event);
    expect(runs.filter((one) => recent.find(one.event) !== undefined)).toEqual([...open]);
  }
});

test('RecentEvents takes no harm from the end of an event that it did not see begin', () => {
  const recent = new RecentEvents(0);
  const open = run();
  recent.begin(open);

  recent.end(run());

  expect(recent.find(open.event)).toBe(open);
});
