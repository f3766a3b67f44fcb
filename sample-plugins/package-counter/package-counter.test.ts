import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { folderWith } from '../../test/support/confined.ts';
import { Hosts } from '../../test/support/hosts.ts';
import { testWith } from '../../test/support/needs.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

/** What the plugin made of one command, in a workspace that holds the environments `active` (2 packages) and `envs/other` (3). */
async function counted(args: string[], env: Record<string, string> = {}, command = 'install'): Promise<unknown> {
  const cwd = folderWith();
  for (const [name, records] of Object.entries({ active: 2, 'envs/other': 3 })) {
    const meta = join(cwd, name, 'conda-meta');
    mkdirSync(meta, { recursive: true });
    writeFileSync(join(meta, 'history'), '');
    for (let i = 0; i < records; i++) writeFileSync(join(meta, `package-${i}.json`), '{}');
  }
  const paths = Object.fromEntries(Object.entries(env).map(([name, path]) => [name, join(cwd, path)]));
  const grant = { fs: { read: [`\${workspace}`] }, env: ['CONDA_PREFIX', 'CONDA_EXE'] };
  const host = await hosts.open(
    {},
    {
      cwd,
      env: { ...(await hosts.env()), ...paths },
      config: { plugins: { 'package-counter': { path: import.meta.dirname, trust: 'none', grant } } },
    },
  );
  const outcome = await host.emit('conda.post_command', { command, args, cwd, exitCode: 0 });
  expect(outcome.trace.answers.filter(({ status }) => status === 'failed')).toEqual([]);
  return outcome.trace.answers[0]?.metadata?.['packages'];
}

test('package-counter has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testWith(...SANDBOX).each<[string[], Record<string, string>, number | undefined]>([
  [['numpy'], { CONDA_PREFIX: 'active' }, 2],
  [['-p', 'envs/other', 'numpy'], { CONDA_PREFIX: 'active' }, 3],
  [['--prefix=./envs/other'], {}, 3],
  [['-y', '--name', 'other'], { CONDA_PREFIX: 'active', CONDA_EXE: 'bin/conda' }, 3],
  [['numpy'], {}, undefined],
  [['-n', 'missing'], { CONDA_EXE: 'bin/conda' }, undefined],
  [['-p', '/root'], {}, undefined],
])('package-counter after %j with %j says %j', async (args, env, packages) => {
  expect(await counted(args, env)).toBe(packages);
});

testWith(...SANDBOX)('package-counter is not asked after other commands', async () => {
  expect(await counted(['numpy'], { CONDA_PREFIX: 'active' }, 'list')).toBeUndefined();
});
