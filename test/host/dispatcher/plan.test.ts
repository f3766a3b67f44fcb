import { expect, test } from 'vitest';
import { makePlan, type Plan } from '../../../host/dispatcher/plan.ts';
import { handler, loadHook, MemoryPlugin, planOf, plugin } from '../../support/events.ts';

function namesIn(plan: Plan): string[][] {
  return plan.stages.map((stage) => stage.map(({ subscription }) => subscription.plugin));
}

test('makePlan() puts observers in one stage and deciders in stages of their own', async () => {
  const hook = await loadHook();
  const plan = planOf(hook, [
    plugin(hook, new MemoryPlugin('veto-1'), { mode: 'concurrent' }),
    plugin(hook, new MemoryPlugin('watch-1'), { mode: 'audit' }),
    plugin(hook, new MemoryPlugin('change'), { mode: 'transform' }),
    plugin(hook, new MemoryPlugin('decide-1')),
    plugin(hook, new MemoryPlugin('watch-2'), { mode: 'audit' }),
    plugin(hook, new MemoryPlugin('veto-2'), { mode: 'concurrent' }),
    plugin(hook, new MemoryPlugin('decide-2')),
    plugin(hook, new MemoryPlugin('log'), { mode: 'fire_and_forget' }),
    plugin(hook, new MemoryPlugin('off'), { mode: 'disabled' }),
  ]);

  expect(namesIn(plan)).toEqual([['decide-1'], ['decide-2'], ['change'], ['watch-1', 'watch-2'], ['veto-1', 'veto-2']]);
  expect(plan.background.map(({ subscription }) => subscription.plugin)).toEqual(['log']);
  expect(plan.disabled.map(({ subscription }) => subscription.plugin)).toEqual(['off']);
});

test('makePlan() orders by priority, then before and after, then configuration', async () => {
  const hook = await loadHook();
  const plan = planOf(hook, [
    plugin(hook, new MemoryPlugin('last'), { priority: 100, order: 0 }),
    plugin(hook, new MemoryPlugin('second'), { order: 2 }),
    plugin(hook, new MemoryPlugin('third'), { order: 1, after: ['second'] }),
    plugin(hook, new MemoryPlugin('first'), { priority: 99, before: ['second'] }),
  ]);

  expect(namesIn(plan).flat()).toEqual(['first', 'second', 'third', 'last']);
});

test('makePlan() is empty when nobody is to be asked or told', async () => {
  const hook = await loadHook();

  expect(planOf(hook, []).empty).toBe(true);
  expect(planOf(hook, [plugin(hook, new MemoryPlugin('off'), { mode: 'disabled' })]).empty).toBe(true);
  expect(planOf(hook, [plugin(hook, new MemoryPlugin('log'), { mode: 'fire_and_forget' })]).empty).toBe(false);
});

test('makePlan() leaves the plugin that closes a circle out and says why', async () => {
  const hook = await loadHook();
  const plan = planOf(hook, [
    plugin(hook, new MemoryPlugin('a'), { before: ['b'] }),
    plugin(hook, new MemoryPlugin('b'), { before: ['a'], order: 1 }),
    plugin(hook, new MemoryPlugin('c'), { order: 2 }),
  ]);

  expect(namesIn(plan)).toEqual([['a'], ['c']]);
  expect(plan.left.map(({ subscription }) => subscription.plugin)).toEqual(['b']);
  expect(plan.left[0]?.reason).toContain('circle');
});

test('makePlan() refuses a circle with a handler of the application', async () => {
  const hook = await loadHook();
  const circle = [plugin(hook, new MemoryPlugin('a'), { before: ['mine'] }), handler(hook, 'mine', () => undefined, { before: ['a'] })];

  expect(() => makePlan(hook, circle)).toThrow(expect.objectContaining({ code: 'ORDER_CYCLE' }));
});

test('makePlan() gives the reasons for every place', async () => {
  const hook = await loadHook();
  const { ordered } = planOf(hook, [
    plugin(hook, new MemoryPlugin('a'), { before: ['b'], sources: { priority: 'config', mode: 'manifest' } }),
    plugin(hook, new MemoryPlugin('b'), { priority: 10 }),
  ]);

  expect(ordered[0]?.why).toEqual(['mode sequential from the manifest', 'priority 50 from the config', 'before "b"']);
  expect(ordered[1]?.why).toContain('after "a", which asks to run before it');
});
