import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { testWith } from '../../test/support/needs.ts';

const HOOK = 'mellea.component_post_success';
const testWithRuby = testWith('ruby', 'ruby');
const done = (component_type: string, name: string | null, latency_ms: number) => ({
  component_type,
  action: { type: component_type, name },
  result: { value: 'x' },
  latency_ms,
});

testWithRuby('slot-profiler logs calls, time and mean of each slot when the host stops', async () => {
  const { host, logs } = await openSample(import.meta.dirname);

  await host.emit(HOOK, done('GenerativeSlot', 'greet', 100));
  await host.emit(HOOK, done('Instruction', 'greet', 10_000));
  await host.emit(HOOK, done('GenerativeSlot', 'classify', 1000));
  await host.emit(HOOK, done('GenerativeSlot', 'classify', 500.5));
  await host.emit(HOOK, done('GenerativeSlot', null, 1));
  await host.close();

  expect(logs.filter(({ message }) => message === 'slot profile').map(({ fields }) => fields['fields'])).toEqual([
    { slot: 'classify', calls: 2, total_ms: 1500.5, mean_ms: 750.25 },
    { slot: 'greet', calls: 1, total_ms: 100, mean_ms: 100 },
    { slot: '(no name)', calls: 1, total_ms: 1, mean_ms: 1 },
  ]);
});

testWithRuby('slot-profiler begins anew at initialize, and knows only so many slots', async () => {
  const plugin = startPlugin(import.meta.dirname);
  await plugin.initialize();
  plugin.hookNotify(HOOK, done('GenerativeSlot', 'old', 1));
  await plugin.initialize();
  for (let i = 0; i < 1002; i++) plugin.hookNotify(HOOK, done('GenerativeSlot', `slot ${i}`, 2));
  plugin.hookNotify(HOOK, done('GenerativeSlot', 'slot 0', 2));

  expect((await plugin.request('shutdown'))['result']).toEqual({});

  const slots = plugin.sent('log').map(({ fields }) => fields as { slot: string; calls: number });
  expect(slots).toHaveLength(1001);
  expect(
    slots
      .filter(({ calls }) => calls === 2)
      .map(({ slot }) => slot)
      .sort(),
  ).toEqual(['(others)', 'slot 0']);
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});
