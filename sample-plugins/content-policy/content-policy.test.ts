import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { testWithPython } from '../../test/sdk/python/python.ts';

const EXECUTE = { component_type: 'Message', requirements: [], model_options: {}, tool_calls_enabled: false };

testWithPython('content-policy blocks a description that contains a topic, and names it', async () => {
  const { host } = await openSample(import.meta.dirname);
  const emit = (action: object) => host.emit('mellea.component_pre_execute', { ...EXECUTE, action: { type: 'Message', ...action } });

  expect(await emit({ description: 'Draw a WEAPON' })).toMatchObject({
    status: 'blocked',
    cause: 'verdict',
    violation: {
      code: 'CONTENT_POLICY_001',
      reason: 'The description speaks of "weapon", which is not allowed',
      details: { topic: 'weapon' },
    },
  });
  expect((await emit({ description: null, text: 'explosives' })).status).toBe('blocked');
  expect((await emit({ description: 'Draw a weap on', text: 'weapon' })).status).toBe('continued');
  expect(await emit({})).toMatchObject({ status: 'continued', failOpens: [] });
});

testWithPython('content-policy looks at what two types of components are made from', async () => {
  const { host } = await openSample(import.meta.dirname);
  const emit = (component_type: string, more: object) =>
    host.emit('mellea.component_pre_create', { component_type, description: 'Write', ...more });

  for (const type of ['Instruction', 'GenerativeSlot']) {
    expect((await emit(type, { description: 'Write on explosives' })).violation?.code).toBe('CONTENT_POLICY_001');
    expect((await emit(type, { user_variables: { topic: 'Weapons' } })).violation?.details).toEqual({ topic: 'weapon' });
    expect((await emit(type, { grounding_context: { page: 'a weapon' } })).status).toBe('blocked');
    expect((await emit(type, {})).status).toBe('continued');
  }
  expect((await emit('Message', { description: 'weapon' })).status).toBe('continued');
});

testWithPython('content-policy blocks advice under a code of its own, when the operator lists some', async () => {
  const description = 'I need Medical Advice on weapons';
  const emit = async (config: object) => {
    const { host } = await openSample(import.meta.dirname, { entry: { config: { ...config } } });
    return (await host.emit('mellea.component_pre_execute', { ...EXECUTE, action: { type: 'Message', description } })).violation?.code;
  };

  expect(await emit({ advice: ['legal advice', 'medical advice'] })).toBe('CONTENT_001');
  expect(await emit({})).toBe('CONTENT_POLICY_001');
  expect(await emit({ topics: [] })).toBeUndefined();
});
