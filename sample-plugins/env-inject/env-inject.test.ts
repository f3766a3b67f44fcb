import { testPlugin } from '@outrigger/sdk/testing';
import { expect, test } from 'vitest';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { plugin } from './plugin.ts';

const config = { variables: { LANG: 'C' }, prependArgs: { git: ['-c', 'color.ui=never'] }, appendArgs: { git: ['--quiet'] } };

test('env-inject sets variables and adds arguments before and after those of the command', async () => {
  const t = await testPlugin(plugin, { config });

  expect(await t.call('conda.pre_command', { command: 'git', args: ['pull'] })).toEqual({
    action: 'modify',
    changes: { env: { LANG: 'C' }, args: ['-c', 'color.ui=never', 'pull', '--quiet'] },
  });
});

test('env-inject leaves the arguments of other commands alone', async () => {
  const t = await testPlugin(plugin, { config });

  expect(await t.call('conda.pre_command', { command: 'ls', args: ['-l'] })).toEqual({ action: 'modify', changes: { env: { LANG: 'C' } } });
});

test('env-inject runs as a process and its manifest is valid', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const process = startPlugin(import.meta.dirname);

  await process.initialize(config);
  const answer = await process.invoke('conda.pre_command', { command: 'ls', args: [] });

  expect(answer['result']).toMatchObject({ changes: { env: { LANG: 'C' } } });
  expect(await process.stop()).toEqual({ code: 0, signal: null });
});
