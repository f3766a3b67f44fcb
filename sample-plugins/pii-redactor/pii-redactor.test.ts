import { describe, expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { run, testWithPython } from '../../test/sdk/python/python.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';

const SSN = '123-45-6789';
const CARD = '4111111111111111';
const EXECUTE = { component_type: 'Instruction', requirements: [], model_options: {}, tool_calls_enabled: false };

async function open(config: object = {}) {
  const { host, logs } = await openSample(import.meta.dirname, { entry: { config: { ...config } } });
  const ask = (text: string) => host.emit('mellea.component_pre_execute', { ...EXECUTE, action: { type: 'Instruction', text } });
  const output = (value: string) => host.emit('mellea.generation_post_call', { model_output: { value }, latency_ms: 1 });
  return { host, logs, ask, output };
}

testWithPython('pii-redactor masks every part of an input, and says what it found', async () => {
  const { host } = await open();
  const outcome = await host.emit('mellea.component_pre_execute', {
    ...EXECUTE,
    action: { type: 'Instruction', text: `${SSN}, ${SSN}`, description: 'clean', fields: { to: ['x', { mail: 'ada@example.com' }] } },
    context_view: [
      { role: 'user', text: `my card ${CARD}` },
      { role: 'user', text: 'clean' },
      { role: 'user', text: `and ${SSN}` },
    ],
  });

  expect(outcome).toMatchObject({
    status: 'continued',
    payload: {
      action: { type: 'Instruction', text: '[REDACTED], [REDACTED]', description: 'clean', fields: { to: ['x', { mail: '[REDACTED]' }] } },
      context_view: [{ text: 'my card [REDACTED]' }, { text: 'clean' }, { text: 'and [REDACTED]' }],
    },
  });
  expect(outcome.trace.answers).toMatchObject([{ status: 'modified', metadata: { found: { ssn: 3, email: 1, credit_card: 1 } } }]);
});

testWithPython('pii-redactor leaves an event alone in which there is nothing', async () => {
  const { ask, output } = await open();

  expect((await ask('1234-56-789 and 41111111111111112 and ada at example.com')).trace.answers).toMatchObject([{ status: 'continued' }]);
  expect((await output('1.2.3 or 1.2.3.4.5 or 999.1.1.1')).trace.answers).toMatchObject([{ status: 'continued' }]);
});

testWithPython('pii-redactor masks what comes back, and arguments and results of tools', async () => {
  const { host, output } = await open();
  const call = { name: 'pay', args: { card: Number(CARD), amount: 12, ids: [SSN, null, true] } };

  expect((await output(`Dear ${SSN}`)).payload.model_output).toEqual({ value: 'Dear [REDACTED]' });
  expect((await host.emit('mellea.tool_pre_invoke', { model_tool_call: call })).payload.model_tool_call).toEqual({
    name: 'pay',
    args: { card: '[REDACTED]', amount: 12, ids: ['[REDACTED]', null, true] },
  });
  expect((await host.emit('mellea.tool_post_invoke', { model_tool_call: call, tool_output: SSN, success: true })).payload.tool_output).toBe(
    '[REDACTED]',
  );
  const created = { component_type: 'Instruction', description: SSN, user_variables: { a: SSN, b: 'b' } };
  expect((await host.emit('mellea.component_pre_create', created)).payload).toMatchObject({
    description: '[REDACTED]',
    user_variables: { a: '[REDACTED]', b: 'b' },
  });
});

describe('pii-redactor masks', () => {
  testWithPython.each([
    ['redact', { marker: '<pii>' }, /^a <pii> b <pii> c <pii>$/],
    ['partial', {}, /^a \*{3}-\*{2}-6789 b \*{12}1111 c \*{3}-\*{2}-6789$/],
    ['hash', {}, /^a (\[ssn:[0-9a-f]{12}\]) b \[credit_card:[0-9a-f]{12}\] c \1$/],
    ['tokenize', {}, /^a \[ssn-1\] b \[credit_card-1\] c \[ssn-1\]$/],
    ['remove', {}, /^a {2}b {2}c $/],
  ])('by %s', async (mask, more, expected) => {
    const { ask } = await open({ mask, ...more });

    expect((await ask(`a ${SSN} b ${CARD} c ${SSN}`)).payload.action.text).toMatch(expected);
  });

  testWithPython('nothing that the operator allows or does not look for', async () => {
    const { ask } = await open({ detectors: ['email'], allow: ['*@Example.com'] });

    expect((await ask(`ada@EXAMPLE.com, eve@example.com.evil.org ${SSN}`)).payload.action.text).toBe(`ada@EXAMPLE.com, [REDACTED] ${SSN}`);
  });
});

testWithPython('pii-redactor blocks instead of masking, and never quotes what it found', async () => {
  const { ask, output } = await open({ block_on_detection: true });

  expect(await ask(SSN)).toMatchObject({
    status: 'blocked',
    cause: 'verdict',
    violation: { code: 'PII_INPUT_DETECTED', reason: 'There is personal data in it: ssn', details: { found: { ssn: 1 } } },
  });
  expect((await output(CARD)).violation?.code).toBe('PII_OUTPUT_DETECTED');
  expect((await ask('nothing')).status).toBe('continued');
});

testWithPython('pii-redactor only warns of what comes back, when the operator says so', async () => {
  const { output, logs } = await open({ output: 'warn', block_on_detection: true });

  const outcome = await output(SSN);

  expect(outcome).toMatchObject({ status: 'continued', payload: { model_output: { value: SSN } } });
  expect(outcome.trace.answers).toMatchObject([{ metadata: { found: { ssn: 1 } } }]);
  expect(logs).toContainEqual(expect.objectContaining({ level: 'warn', message: 'output holds personal data' }));
});

testWithPython('pii-redactor passes its own test', async () => {
  const { runtime } = readManifest(import.meta.dirname).manifest as unknown as { runtime: { env: NodeJS.ProcessEnv } };

  expect(await run('python3', ['-m', 'unittest'], import.meta.dirname, runtime.env)).toMatch(/^OK$/m);
});
