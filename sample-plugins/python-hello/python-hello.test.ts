import { expect } from 'vitest';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { testWith } from '../../test/support/needs.ts';

const testWithPython = testWith('python3', 'python3');

testWithPython('python-hello speaks the wire by hand', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const plugin = startPlugin(import.meta.dirname);

  expect((await plugin.initialize())['result']).toEqual({});
  expect((await plugin.request('ping'))['result']).toEqual({});
  const answer = await plugin.invoke('conda.pre_command', { command: 'ls "a\\nb" ü', args: ['"method":"exit"'] });
  expect(answer['result']).toEqual({ action: 'modify', changes: { env: { HELLO_FROM: expect.stringMatching(/^Python 3\.\d+$/) } } });
  expect((await plugin.invoke('conda.post_command', { command: 'ls', args: [] }))['result']).toEqual({});
  expect((await plugin.request('no/such')).error).toEqual({
    code: -32601,
    message: 'Cannot handle "no/such": this plugin has no such method',
  });
  plugin.raw('no message\n');
  plugin.notify('no/such');
  plugin.hookNotify('conda.post_command', { command: 'ls', args: [] });
  expect((await plugin.request('shutdown'))['result']).toEqual({});
  expect(plugin.stray).toEqual([]);

  plugin.notify('exit');
  expect(await plugin.ended).toEqual({ code: 0, signal: null });
});

testWithPython('python-hello ends when stdin ends', async () => {
  const plugin = startPlugin(import.meta.dirname);
  await plugin.request('ping');

  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});
