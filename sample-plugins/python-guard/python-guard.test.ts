import { expect } from 'vitest';
import { run, testWithPython } from '../../test/sdk/python/python.ts';
import { PluginProcess, readManifest } from '../../test/sdk/typescript/plugin-process.ts';

const { manifest, problems } = readManifest(import.meta.dirname);
const runtime: { command: string; args: string[]; env?: Record<string, string> } = manifest.runtime;

testWithPython('python-guard blocks what the operator lists', async () => {
  expect(problems).toEqual([]);
  const env = { PATH: process.env['PATH'], OUTRIGGER_PLUGIN: 'python-guard', PYTHONDONTWRITEBYTECODE: '1', ...runtime.env };
  const plugin = new PluginProcess(runtime.command, runtime.args, { cwd: import.meta.dirname, env });
  await plugin.initialize({ commands: ['rm -rf *'] });

  const blocked = await plugin.invoke('conda.pre_command', { command: 'rm', args: ['-rf', 'ü'] });
  expect(blocked['result']).toEqual({
    action: 'block',
    violation: { code: 'listed', reason: '"rm -rf ü" is not allowed: the operator lists "rm -rf *"' },
  });
  expect((await plugin.invoke('conda.pre_command', { command: 'ls', args: [] }))['result']).toEqual({});
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
});

testWithPython('python-guard passes its own test', async () => {
  expect(await run('python3', ['-m', 'unittest'], import.meta.dirname, runtime.env)).toMatch(/^OK$/m);
});
