import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { run, testWithPython } from '../../test/sdk/python/python.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';

// Put together here, so that no scanner takes this file for a leak.
const AWS = `${'AKIA'}IOSFODNN7EXAMPLE`;
const GITHUB = `${'ghp'}_${'a1B2'.repeat(9)}`;
const CATALOGS = ['coma', 'mellea', 'pycomex'];
const EXECUTE = { component_type: 'Instruction', requirements: [], model_options: {}, tool_calls_enabled: false };

async function open(config: object = {}) {
  const { host } = await openSample(import.meta.dirname, { catalogs: CATALOGS, entry: { config: { ...config } } });
  const ask = (text: string, more: object = {}) =>
    host.emit('mellea.component_pre_execute', { ...EXECUTE, action: { type: 'Instruction', text }, ...more });
  return { host, ask };
}

testWithPython('secrets-detection blocks a key, and does not quote it', async () => {
  const { ask } = await open();

  const outcome = await ask(`use ${AWS} and ${GITHUB}`);

  expect(outcome).toMatchObject({
    status: 'blocked',
    cause: 'verdict',
    violation: {
      code: 'SECRETS_DETECTED',
      reason: '2 secrets in it: aws_access_key_id, github_token',
      details: { found: { aws_access_key_id: 1, github_token: 1 } },
    },
  });
  expect(JSON.stringify(outcome.violation)).not.toContain('IOSFODNN7');
  expect(await ask(`use ${AWS.slice(0, -1)} and X${AWS}`)).toMatchObject({ status: 'continued', failOpens: [] });
});

testWithPython('secrets-detection looks at what tools get and give, and at the answer', async () => {
  const { host } = await open();
  const model_tool_call = { name: 'post', args: { headers: [{ authorization: `token ${GITHUB}` }] } };

  expect((await host.emit('mellea.tool_pre_invoke', { model_tool_call })).status).toBe('blocked');
  const used = { model_tool_call, tool_output: { rows: [[AWS]] }, success: true };
  expect((await host.emit('mellea.tool_post_invoke', used)).status).toBe('blocked');
  expect((await host.emit('mellea.generation_post_call', { model_output: { value: AWS }, latency_ms: 1 })).status).toBe('blocked');
});

testWithPython('secrets-detection looks at arguments, configs and parameters before they are kept', async () => {
  const masks = { min_findings: 2, redact: true };
  const { host } = await openSample(import.meta.dirname, { catalogs: CATALOGS, entry: { config: masks } });
  const invoked = { name: 'train', command: { kind: 'class', target: 'Train' }, known_args: {} } as const;
  const experiment = { name: 'train', description: AWS, parameters: { TOKEN: AWS, RATE: 1 } };

  const typed = await host.emit('coma.pre_config_hook', { ...invoked, unknown_args: [`api.key=${AWS}`], configs: {} });
  const loaded = await host.emit('coma.post_config_hook', { ...invoked, unknown_args: [], configs: { api: { keys: [AWS, GITHUB] } } });
  const started = await host.emit('pycomex.before_experiment_initialize', { experiment });

  expect(typed.payload.unknown_args).toEqual(['api.key=[REDACTED]']);
  expect(loaded).toMatchObject({ status: 'blocked', violation: { code: 'SECRETS_DETECTED' } });
  expect(started.payload.experiment).toEqual({ ...experiment, parameters: { TOKEN: '[REDACTED]', RATE: 1 } });
});

testWithPython('secrets-detection masks every part when it does not block', async () => {
  const { ask } = await open({ min_findings: 4, redact: true, marker: '***' });
  const turns = [`1 ${AWS}`, '2', `3 ${GITHUB}`].map((text) => ({ role: 'user', text }));

  const masked = await ask(AWS, { context_view: turns });

  expect(masked.payload).toMatchObject({ action: { text: '***' }, context_view: [{ text: '1 ***' }, { text: '2' }, { text: '3 ***' }] });
  expect(masked.trace.answers).toMatchObject([{ status: 'modified', metadata: { found: { aws_access_key_id: 2, github_token: 1 } } }]);
  expect((await ask(`${AWS} ${AWS}`, { context_view: turns })).status).toBe('blocked');
});

testWithPython('secrets-detection lets pass and counts what it shall neither block nor mask', async () => {
  const { ask } = await open({ block: false });

  const { payload, trace } = await ask(AWS);

  expect(payload.action.text).toBe(AWS);
  expect(trace.answers).toMatchObject([{ status: 'continued', metadata: { found: { aws_access_key_id: 1 } } }]);
});

testWithPython('secrets-detection searches the fields the operator names', async () => {
  const { host } = await open({ fields: ['model_tool_call.args.*'], skip_fields: ['*.key'] });
  const call = async (args: object) =>
    (await host.emit('mellea.tool_pre_invoke', { model_tool_call: { name: 'x', args: { ...args } }, tool_args: { note: AWS } })).status;

  expect(await call({ note: AWS })).toBe('blocked');
  expect(await call({ key: AWS, note: 'x' })).toBe('continued');
});

testWithPython('secrets-detection passes its own test', async () => {
  const { runtime } = readManifest(import.meta.dirname).manifest as unknown as { runtime: { env: NodeJS.ProcessEnv } };

  expect(await run('python3', ['-m', 'unittest'], import.meta.dirname, runtime.env)).toMatch(/^OK$/m);
});
