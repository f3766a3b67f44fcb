import { expect, test } from 'vitest';
import { EventRun, type Origin } from '../../../host/dispatcher/event-run.ts';
import { OperationState } from '../../../host/dispatcher/operations.ts';
import { handler, loadHook, planOf } from '../../support/events.ts';

async function run(payload: Record<string, unknown> = { title: 'draft' }, origin: Origin = {}, now = 0): Promise<EventRun> {
  const hook = await loadHook({ budgetMs: 1000, timeoutMs: 500 });
  return new EventRun(planOf(hook, [handler(hook, 'h', () => undefined)]), payload, { origin, now, hasBudget: true });
}

test('EventRun serialises a payload once', async () => {
  const event = await run();
  const { shared } = event;

  expect(event.shared).toBe(shared);
  expect(JSON.parse(`{${shared}}`)).toMatchObject({ event: event.event, hook: 'app.save', payload: { title: 'draft' } });
});

test('EventRun serialises again after a change', async () => {
  const event = await run();
  const { shared } = event;

  event.progress = { status: 'continued', payload: { title: 'new' } };

  expect(event.shared).not.toBe(shared);
  expect(event.shared).toContain('"title":"new"');
});

test('EventRun tells where an event comes from', async () => {
  const parent = await run();
  const event = await run({ title: 'x' }, { parent, session: 's1', operation: new OperationState('o1'), traceparent: '00-1-2-03' });

  expect(event.context).toEqual({
    time: new Date(event.time).toISOString(),
    operation: 'o1',
    session: 's1',
    parent: parent.event,
    depth: 1,
    traceparent: '00-1-2-03',
  });
});

test('EventRun has no more time than the event around it has left', async () => {
  const parent = await run({ title: 'x' }, {}, 5000);

  expect(parent.deadline).toBe(6000);
  expect((await run({ title: 'x' }, { parent }, 5400)).deadline).toBe(6000);
});

test('EventRun has time of its own when the event around it is over', async () => {
  const parent = await run({ title: 'x' }, {}, 5000);
  parent.finish();

  expect((await run({ title: 'x' }, { parent }, 9000)).deadline).toBe(10_000);
});

test('EventRun shows handlers a frozen copy', async () => {
  const payload = { title: 'draft', tags: ['a'] };
  const event = await run(payload);
  const { view } = event;

  expect(view).toEqual(payload);
  expect(event.view).toBe(view);
  expect(() => Object.assign(view, { title: 'new' })).toThrow(TypeError);
});

test('EventRun weighs what its record keeps alive', async () => {
  const [small, large, seen] = await Promise.all([run(), run({ title: 'x'.repeat(100_000) }), run({ title: 'x'.repeat(100_000) })]);
  void [small.shared, large.shared, seen.view];
  for (const event of [small, large, seen]) event.finish();

  expect(small.weight).toBeLessThan(10_000);
  expect(large.weight).toBeGreaterThan(100_000);
  expect(seen.weight).toBeGreaterThan(100_000);
});

test('EventRun weighs what is kept of each answer', async () => {
  const [one, many] = await Promise.all([run(), run()]);
  const [participant] = many.plan.stages[0] ?? [];
  if (participant === undefined) expect.unreachable('the plan has a handler');
  const answered = { participant, stage: 0, startMs: 0, durationMs: 0, attempts: 1, pid: undefined, coldStart: false };
  for (let count = 0; count < 1000; count++) many.answers.push({ ...answered, judgement: { status: 'continued' } });
  for (const event of [one, many]) event.finish();

  expect(many.weight - one.weight).toBeGreaterThan(200_000);
});

test('EventRun weighs a payload of many small values by the memory they take, once for each version', async () => {
  const [kept, changed] = await Promise.all([
    run({ list: Array.from({ length: 50_000 }, () => ({})) }),
    run({ list: Array.from({ length: 50_000 }, () => ({})) }),
  ]);
  void [kept.shared, changed.shared];
  const [subscriber] = kept.plan.stages[0] ?? [];
  if (subscriber === undefined) expect.unreachable('the plan has a handler');
  const answered = { participant: subscriber, stage: 0, startMs: 0, durationMs: 0, attempts: 1, pid: undefined, coldStart: false };
  const payload = { list: [] };
  for (let times = 0; times < 3; times++) kept.answers.push({ ...answered, judgement: { status: 'continued' } });
  changed.answers.push({
    ...answered,
    judgement: { status: 'modified', given: {}, before: changed.progress.payload, payload, patch: payload },
  });
  for (const event of [kept, changed]) event.finish();

  expect(kept.weight).toBeGreaterThan(4_000_000);
  expect(kept.weight).toBeLessThan(6_000_000);
  expect(changed.weight / kept.weight).toBeCloseTo(2, 1);
});

test('EventRun.isInside() finds who handles an event around it', async () => {
  const grandparent = await run();
  grandparent.busy.push('p');
  const parent = await run({ title: 'x' }, { parent: grandparent });
  const event = await run({ title: 'x' }, { parent });
  event.busy.push('q');

  expect([event.isInside('p'), event.isInside('q')]).toEqual([true, false]);
});

test.each([
  [{ title: 'x', big: 1n }],
  [
    (() => {
      const circle: Record<string, unknown> = { title: 'x' };
      circle['self'] = circle;
      return circle;
    })(),
  ],
])('EventRun refuses a payload that is no JSON', async (payload) => {
  const event = await run(payload);

  expect(() => event.shared).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID' }));
});

test('EventRun.release() takes out the one that is done, in whatever order', async () => {
  const event = await run();
  for (const plugin of ['a', 'b', 'c', 'b']) event.occupy(plugin);

  event.release('a');
  expect(event.busy.toSorted()).toEqual(['b', 'b', 'c']);
  event.release('unknown');
  event.release('b');
  expect(event.busy.toSorted()).toEqual(['b', 'c']);
  for (const plugin of ['c', 'b', 'b']) event.release(plugin);
  expect(event.busy).toEqual([]);
});

test('EventRun.durationMs reaches to its latest answer, and to its end when there is none', async () => {
  const [answered, silent] = await Promise.all([run(), run()]);
  const [participant] = answered.plan.stages[0] ?? [];
  if (participant === undefined) expect.unreachable('the plan has a handler');
  const judgement = { status: 'continued' } as const;
  answered.take({ participant, stage: 0, judgement, startMs: 1000, durationMs: 500, attempts: 1, pid: undefined, coldStart: false });
  for (const event of [answered, silent]) event.finish();

  expect(answered.durationMs).toBe(1500);
  expect(silent.durationMs).toBeGreaterThan(0);
});
