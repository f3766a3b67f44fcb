import { afterEach, beforeEach, expect } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { buildPlugin, GO_TIMEOUT, go, testWithGo, unformatted } from '../../test/sdk/go/go.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { Hosts } from '../../test/support/hosts.ts';
import { testWithAll } from '../../test/support/needs.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

testWithAll({ go: 'golang-go', [SANDBOX[0]]: SANDBOX[1] })(
  'protected-targets blocks in the sandbox what the operator protects',
  GO_TIMEOUT,
  async () => {
    expect(readManifest(import.meta.dirname).problems).toEqual([]);
    const path = await buildPlugin(import.meta.dirname);
    const grant = { env: ['CONDA_DEFAULT_ENV', 'CONDA_PREFIX'] };
    const entry = { path, trust: 'none', grant, config: { targets: ['production'] } } as const;
    const env = { ...(await hosts.env()), CONDA_DEFAULT_ENV: 'production' };
    const host = await hosts.open({}, { env, config: { plugins: { 'protected-targets': entry } } });
    const statusOf = async (command: string, ...args: string[]) => await host.emit('conda.pre_command', { command, args });

    const reason = 'Cannot install: the environment "production" is protected';
    expect(await statusOf('conda', 'install', '-n', 'production', 'x')).toMatchObject({
      status: 'blocked',
      violation: { code: 'PROTECTED', reason },
    });
    expect(await statusOf('install', 'x')).toMatchObject({ status: 'blocked', violation: { reason } });
    expect(await statusOf('install', '-n', 'mine', 'x')).toMatchObject({ status: 'continued' });
    expect(await statusOf('list', '-n', 'production')).toMatchObject({ status: 'continued' });
  },
);

testWithGo('protected-targets passes its own test', GO_TIMEOUT, async () => {
  expect(await unformatted(import.meta.dirname)).toBe('');
  expect(await go(import.meta.dirname, ['vet', './...'])).toBe('');
  expect(await go(import.meta.dirname, ['test', './...'])).toMatch(/^ok\s/m);
});
