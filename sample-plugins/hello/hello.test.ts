import { testPlugin } from '@outrigger/sdk/testing';
import { expect, test } from 'vitest';
import { plugin } from './plugin.ts';

test('hello says hello in the log and sets HELLO', async () => {
  const t = await testPlugin(plugin);

  const answer = await t.call('conda.pre_command', { command: 'ls', args: [] });

  expect(answer).toMatchObject({ action: 'modify', changes: { env: { HELLO: expect.any(String) } } });
  expect(t.logs).toMatchObject([{ level: 'info', message: 'Hello from a plugin, ls is about to run' }]);
});
