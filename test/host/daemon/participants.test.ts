import { expect, test } from 'vitest';
import { handlerParticipant, pluginParticipant } from '../../../host/daemon/participants.ts';
import type { HandlerOptions } from '../../../host/daemon/types.ts';
import { loadHook, MemoryPlugin, planOf, plugin, subscribe } from '../../support/events.ts';

function noop(): void {}

test('handlerParticipant() fills in the rules of the hook point and the defaults', async () => {
  const hook = await loadHook({ timeoutMs: 700 });

  const { subscription } = handlerParticipant(hook, noop, {});

  expect(subscription).toMatchObject({
    plugin: 'noop',
    hook: 'app.save',
    mode: 'sequential',
    priority: 50,
    timeoutMs: 700,
    onFailure: 'fail',
  });
  expect(handlerParticipant(hook, () => undefined, {}).subscription.plugin).toBe('handler');
});

test.each([
  [undefined, 'fail'],
  ['sequential', 'fail'],
  ['concurrent', 'fail'],
  ['transform', 'ignore'],
  ['audit', 'ignore'],
  ['fire_and_forget', 'ignore'],
] as const)('handlerParticipant() in mode %s has the failure policy %s', async (mode, onFailure) => {
  const hook = await loadHook();

  expect(handlerParticipant(hook, noop, mode === undefined ? {} : { mode }).subscription.onFailure).toBe(onFailure);
});

test('handlerParticipant() takes the failure policy of the hook point before that of the mode', async () => {
  const hook = await loadHook({ onFailure: 'disable' });

  expect(handlerParticipant(hook, noop, {}).subscription.onFailure).toBe('disable');
  expect(handlerParticipant(hook, noop, { onFailure: 'ignore' }).subscription.onFailure).toBe('ignore');
});

test('handlerParticipant() may shorten the timeout of the hook point, not lengthen it', async () => {
  const hook = await loadHook({ timeoutMs: 700 });

  expect(handlerParticipant(hook, noop, { timeoutMs: 100 }).subscription.timeoutMs).toBe(100);
  expect(handlerParticipant(hook, noop, { timeoutMs: 5000 }).subscription.timeoutMs).toBe(700);
});

test('handlerParticipant() stands behind plugins of equal priority and in the order of registration', async () => {
  const hook = await loadHook();
  const participants = [
    handlerParticipant(hook, noop, { name: 'first' }),
    handlerParticipant(hook, noop, { name: 'second' }),
    plugin(hook, new MemoryPlugin('plugin'), { order: 999 }),
  ];

  const names = planOf(hook, participants).ordered.map(({ subscription }) => subscription.plugin);

  expect(names).toEqual(['plugin', 'first', 'second']);
});

const MISTAKES: [options: object, message: string][] = [
  [{ mode: 'sequentail' }, 'mode "sequentail" does not exist; use one of sequential, transform'],
  [{ onFailure: 'open' }, 'onFailure "open" does not exist; use one of fail, ignore, disable'],
  [{ priority: 1.5 }, 'priority 1.5 is no whole number'],
  [{ timeoutMs: 0 }, 'timeoutMs 0 is not above 0'],
  [{ timeoutMs: Number.NaN }, 'timeoutMs NaN is not above 0'],
  [{ name: '' }, 'its name is empty'],
];

test.each(MISTAKES)('handlerParticipant() refuses %j', async (options, message) => {
  const hook = await loadHook();

  expect(() => handlerParticipant(hook, noop, options as HandlerOptions)).toThrow(
    expect.objectContaining({
      code: 'HANDLER_INVALID',
      message: expect.stringContaining(`Cannot add a handler to "app.save": ${message}`),
    }),
  );
});

test('handlerParticipant() refuses what is no function', async () => {
  const hook = await loadHook();

  expect(() => handlerParticipant(hook, 'later' as never, {})).toThrow(expect.objectContaining({ code: 'HANDLER_INVALID' }));
});

test('pluginParticipant() compiles the filters of a subscription', async () => {
  const hook = await loadHook();
  const handle = new MemoryPlugin('p');

  expect(pluginParticipant(subscribe(hook, 'p'), handle).matches).toBeUndefined();
  const { matches } = pluginParticipant(subscribe(hook, 'p', { match: [{ title: 'a*' }] }), handle);
  expect([matches?.({ title: 'abc' }), matches?.({ title: 'x' })]).toEqual([true, false]);
});
