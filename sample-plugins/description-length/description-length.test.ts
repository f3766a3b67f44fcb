import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { testWith } from '../../test/support/needs.ts';

const testWithPerl = testWith('perl', 'perl');
const payload = (action: object) => ({
  component_type: 'Instruction',
  action: { type: 'Instruction', ...action },
  requirements: [],
  model_options: {},
  tool_calls_enabled: false,
});

testWithPerl('description-length blocks from 2001 characters on, whatever their bytes', async () => {
  const { host } = await openSample(import.meta.dirname);
  const emit = (action: object) => host.emit('mellea.component_pre_execute', payload(action));

  expect(await emit({ description: '😀'.repeat(2000), text: 'x'.repeat(9000) })).toMatchObject({ status: 'continued', failOpens: [] });
  expect(await emit({ description: 'ü'.repeat(2001) })).toMatchObject({
    status: 'blocked',
    cause: 'verdict',
    violation: {
      code: 'DESC_LENGTH_001',
      reason: 'The description has 2001 characters, more than 2000',
      details: { length: 2001, limit: 2000 },
    },
  });
  expect((await emit({ text: 'x'.repeat(2001) })).status).toBe('blocked');
  expect((await emit({})).status).toBe('continued');
});

testWithPerl('description-length holds the limit of the operator', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { limit: 3 } } });

  expect((await host.emit('mellea.component_pre_execute', payload({ description: 'abc' }))).status).toBe('continued');
  expect((await host.emit('mellea.component_pre_execute', payload({ description: 'abcd' }))).status).toBe('blocked');
});

testWithPerl('description-length takes a new limit while it runs', async () => {
  const plugin = startPlugin(import.meta.dirname);
  const blocks = async () =>
    'action' in ((await plugin.invoke('mellea.component_pre_execute', payload({ text: 'abc' })))['result'] as object);
  await plugin.initialize({ limit: 3 });

  expect(await blocks()).toBe(false);
  plugin.notify('config/changed', { config: { limit: 2 } });
  expect(await blocks()).toBe(true);
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
  expect(plugin.stray).toEqual([]);
});
