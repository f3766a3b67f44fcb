import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { testWithPython } from '../../test/sdk/python/python.ts';

const PROMPT = { context: { type: 'ChatContext', turns: [] }, model_options: {} };
const textOf = (length: number) => ({ ...PROMPT, action: { type: 'Instruction', text: 'ü'.repeat(length) } });

testWithPython('token-budget blocks a prompt over 4000 tokens, and no shorter one', async () => {
  const { host } = await openSample(import.meta.dirname);

  expect(await host.emit('mellea.generation_pre_call', textOf(16_003))).toMatchObject({ status: 'continued', failOpens: [] });
  expect(await host.emit('mellea.generation_pre_call', textOf(16_004))).toMatchObject({
    status: 'blocked',
    by: 'token-budget',
    cause: 'verdict',
    violation: {
      code: 'TOKEN_BUDGET_001',
      reason: 'The prompt has about 4001 tokens, over the budget of 4000',
      details: { estimated: 4001, budget: 4000 },
    },
  });
});

testWithPython('token-budget counts the context with the action, before it divides', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { budget: 1 } } });
  const action = { type: 'Instruction', text: null, description: 'abc' };
  const turns = [{ role: 'user', text: 'abcd' }, { role: 'tool', text: null }, { role: 'user' }];
  const emit = (more: object) => host.emit('mellea.generation_pre_call', { ...PROMPT, action, ...more });

  expect((await emit({ context: { type: 'ChatContext', turns } })).status).toBe('continued');
  expect((await emit({ context: { type: 'ChatContext', turns: [...turns, { role: 'user', text: '!' }] } })).violation?.details).toEqual({
    estimated: 2,
    budget: 1,
  });
  expect((await emit({ linearized_context: [{ role: 'user', text: 'abcde' }] })).status).toBe('blocked');
});

testWithPython('token-budget believes the estimate of the application', async () => {
  const { host } = await openSample(import.meta.dirname);
  const emit = (estimated_tokens: number, length: number) =>
    host.emit('mellea.generation_pre_call', { ...textOf(length), estimated_tokens });

  expect((await emit(4000, 100_000)).status).toBe('continued');
  expect((await emit(4001, 0)).violation?.details).toEqual({ estimated: 4001, budget: 4000 });
});
