import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandTarget, folderTarget } from '../../../host/conformance/make-target.ts';

const place = { cwd: fileURLToPath(new URL('../../../', import.meta.url)), env: process.env, cacheDir: '/nonexistent' };

test('folderTarget() reads a manifest, and makes payloads for its hook points', async () => {
  const target = await folderTarget('sample-plugins/hello', place);

  expect(target).toMatchObject({ name: 'hello', framing: 'lines', confine: undefined, secrets: [] });
  expect(target.hooks).toMatchObject([{ name: 'conda.pre_command', mode: 'transform', payloads: [{ args: [] }, { env: {} }] }]);
});

test('folderTarget() confines the plugin when it is told to', async () => {
  const target = await folderTarget('sample-plugins/hello', { ...place, isConfined: true });

  expect(target.confine).toBeTypeOf('function');
});

test('folderTarget() refuses what is no plugin', async () => {
  await expect(folderTarget('host/cli', place)).rejects.toThrow('Cannot test "host/cli"');
});

test('commandTarget() finds the command, and takes the rules of a hook point where a catalog has them', async () => {
  const target = await commandTarget(['node', 'x.mjs'], { ...place, hooks: ['conda.post_command', 'mine.own'] });

  expect(target.launch).toMatchObject({ args: ['x.mjs'], env: { OUTRIGGER_PLUGIN: 'command', OUTRIGGER_PROTOCOL: '1' } });
  expect(target.hooks.map(({ name, rules }) => [name, rules === undefined])).toEqual([
    ['conda.post_command', false],
    ['mine.own', true],
  ]);
});

test('commandTarget() says which command is not there', async () => {
  await expect(commandTarget(['no-such-command'], place)).rejects.toThrow(/Cannot test "no-such-command"/);
});
