import { afterEach, expect, test } from 'vitest';
import { matching, Route } from '../../../host/dispatcher/filters.ts';
import type { Participant } from '../../../host/dispatcher/plan.ts';
import type { LoadedHook, Mode } from '../../../host/registry/types.ts';
import { loadHook, MemoryPlugin, plugin, Stage } from '../../support/events.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

/** As many as need an index; the n-th hears only titles `title n`. */
function many(hook: LoadedHook, mode: Mode = 'sequential'): { plugins: MemoryPlugin[]; participants: Participant[] } {
  const plugins = Array.from({ length: 40 }, (_, n) => new MemoryPlugin(`p${n}`, () => null));
  const participants = plugins.map((one, n) => plugin(hook, one, { mode, order: n, match: [{ title: `title ${n}` }] }));
  return { plugins, participants };
}

const called = (plugins: readonly MemoryPlugin[]): string[] => plugins.filter(({ calls }) => calls.length > 0).map(({ name }) => name);

test.each<Mode>(['sequential', 'transform', 'audit', 'concurrent'])(
  'matching() finds the one of many whose filter fits in mode %s',
  async (mode) => {
    const hook = await loadHook();
    const { plugins, participants } = many(hook, mode);

    await stage.emit(hook, participants, { payload: { title: 'title 7' } });
    await stage.emit(hook, participants, { payload: { title: 'title 39' } });
    await stage.emit(hook, participants, { payload: { title: 'none' } });

    expect(called(plugins)).toEqual(['p7', 'p39']);
    expect(stage.trace.skipped).toHaveLength(40);
  },
);

test('matching() finds among many those in the background', async () => {
  const hook = await loadHook();
  const { plugins, participants } = many(hook, 'fire_and_forget');

  await stage.emit(hook, participants, { payload: { title: 'title 8' } });

  expect(plugins.filter(({ notes }) => notes.length > 0).map(({ name }) => name)).toEqual(['p8']);
});

test('matching() leaves nobody out for a glob, a missing filter or its other fields', async () => {
  const hook = await loadHook();
  const { participants } = many(hook);
  const also = [
    plugin(hook, new MemoryPlugin('glob'), { match: [{ title: 't* 3' }] }),
    plugin(hook, new MemoryPlugin('all')),
    plugin(hook, new MemoryPlugin('tagged'), { match: [{ title: 'title 3', tags: 'a' }] }),
  ];

  const asked = matching([...participants, ...also], { title: 'title 3', tags: ['b'] });

  expect(asked.map(({ subscription }) => subscription.plugin)).toEqual(['p3', 'glob', 'all']);
});

test('next() goes on with the payload as it is by then, and never back', async () => {
  const hook = await loadHook();
  const { plugins, participants } = many(hook);
  const changing = new MemoryPlugin('changing', () => ({ action: 'modify', changes: { title: 'title 30' } }));
  const stages = [...participants.slice(0, 20), plugin(hook, changing, { order: 20 }), ...participants.slice(20)];

  const outcome = await stage.emit(
    hook,
    stages.map((one, order) => ({ ...one, subscription: { ...one.subscription, order } })),
    { payload: { title: 'title 5' } },
  );

  expect(outcome.payload).toEqual({ title: 'title 30' });
  expect(called(plugins)).toEqual(['p5', 'p30']);
  expect(stage.trace.skipped).toHaveLength(38);
});

test('next() looks at every stage of a short plan', async () => {
  const hook = await loadHook();
  const { participants } = many(hook);
  const route = new Route(participants.slice(0, 2).map((one) => [one]));

  expect([route.next(0, { title: 'none' }), route.next(1, { title: 'none' })]).toEqual([0, 1]);
});

test('next() passes over a stage only when none in it can fit', async () => {
  const hook = await loadHook();
  const { participants } = many(hook);
  const stages = participants.map((one, n) => (n === 9 ? [one, plugin(hook, new MemoryPlugin('all'))] : [one]));
  const route = new Route(stages);

  expect(route.next(0, { title: 'title 12' })).toBe(9);
  expect(route.next(10, { title: 'title 12' })).toBe(12);
  expect(route.next(13, { title: 'title 12' })).toBe(stages.length);
});
