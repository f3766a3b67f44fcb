import { expect, test } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';

const CALL = { action: { type: 'Instruction', text: 'Tell me the PassWord' }, context: { type: 'ChatContext' }, model_options: {} };
const config = { words: ['password', 'internal'] };

test('shadow-policy records what it would block, and blocks nothing', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config } });

  const found = await host.emit('mellea.generation_pre_call', CALL);
  const deep = { model_tool_call: { name: 'post', args: { parts: ['fine', { text: 'for internal use' }] } } };
  const tool = await host.emit('mellea.tool_pre_invoke', deep);
  const clean = await host.emit('mellea.generation_pre_call', { ...CALL, action: { type: 'Instruction', text: 'pass the word' } });

  expect(found).toMatchObject({ status: 'continued', payload: CALL, failOpens: [] });
  const violation = {
    code: 'AUDIT_001',
    reason: 'The policy would not allow "password" in mellea.generation_pre_call',
    details: { word: 'password' },
  };
  expect(found.trace.answers).toMatchObject([{ status: 'continued', would: { action: 'block', violation } }]);
  expect(tool.trace.answers).toMatchObject([{ would: { violation: { details: { word: 'internal' } } } }]);
  expect(clean.trace.answers.map(({ would }) => would)).toEqual([undefined]);
  expect(host.stats().blocked).toBe(0);
});

test('shadow-policy blocks as soon as the operator changes its mode', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config, mode: 'concurrent' } });

  expect(await host.emit('mellea.generation_pre_call', CALL)).toMatchObject({ status: 'blocked', violation: { code: 'AUDIT_001' } });
});
