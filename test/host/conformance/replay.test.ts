import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandTarget } from '../../../host/conformance/make-target.ts';
import type { Recorded } from '../../../host/conformance/recording.ts';
import { replay } from '../../../host/conformance/replay.ts';
import type { Json } from '../../../host/conformance/types.ts';

const SINNER = fileURLToPath(new URL('../../conformance/sinner.mjs', import.meta.url));
const said = (from: 'host' | 'plugin', message: Json): Recorded => ({
  kind: 'message',
  from,
  atMs: 0,
  message: { jsonrpc: '2.0', ...message },
});
const CALL = { id: 2, method: 'hook/invoke', params: { hook: 'conda.pre_command', payload: {} } };
const RECORDS: Recorded[] = [
  { kind: 'start', plugin: 'sinner', time: '' },
  said('host', { id: 1, method: 'initialize', params: {} }),
  said('plugin', { id: 1, result: { protocol: 1 } }),
  said('host', CALL),
  said('plugin', { method: 'log', params: { level: 'info', message: 'of another day' } }),
  said('plugin', { id: 2, result: {} }),
  { kind: 'end', atMs: 0, how: '' },
];

const play = async (sin: string, records = RECORDS): ReturnType<typeof replay> =>
  replay(records, await commandTarget(['node', SINNER, sin], { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent' }));

test('replay() finds no difference in a plugin that says the same', async () => {
  expect(await play('')).toMatchObject({ compared: 2, difference: undefined });
});

test('replay() names the line, and where in the message', async () => {
  const { difference } = await play('not-writable');

  expect(difference).toMatchObject({ line: 6, recorded: { result: {} }, pointers: ['/result/action', '/result/changes'] });
});

test('replay() says that nothing came', async () => {
  const { difference } = await play('', [...RECORDS.slice(0, 3), said('host', { method: 'exit' }), said('plugin', { id: 9, result: {} })]);

  expect(difference?.now).toBeUndefined();
  expect(difference?.what).toMatch(/^the answer with id 9: no answer .* the process ended with code 0/);
});
