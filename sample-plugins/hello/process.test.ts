import { expect, test } from 'vitest';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';

test('hello runs as a process and its manifest is valid', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const process = startPlugin(import.meta.dirname);

  const answer = await process.invoke('conda.pre_command', { command: 'ls', args: [] });

  expect(answer['result']).toEqual({ action: 'modify', changes: { env: { HELLO: `from a plugin in process ${process.child.pid}` } } });
  expect(await process.stop()).toEqual({ code: 0, signal: null });
});
