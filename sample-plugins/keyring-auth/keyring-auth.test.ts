import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { vendored } from '../../test/sdk/python/python.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { type AppHost, Hosts } from '../../test/support/hosts.ts';
import { testWithAll } from '../../test/support/needs.ts';

const testConfined = testWithAll({ python3: 'python3', [SANDBOX[0]]: SANDBOX[1] });
const timeout = { timeout: 400_000 };

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

/** A keyring of the package's own kind that forgets all when the process ends. */
const BACKEND = `
import keyring.backend, keyring.errors
class Keyring(keyring.backend.KeyringBackend):
    priority, kept = 9, {}
    def get_password(self, service, name): return self.kept.get((service, name))
    def set_password(self, service, name, password): self.kept[service, name] = password
    def delete_password(self, service, name):
        if self.kept.pop((service, name), None) is None: raise keyring.errors.PasswordDeleteError()
`;

/** A host with the plugin and the real package keyring in its folder; `isReached`: there is a keyring. */
async function open(isReached = true): Promise<AppHost> {
  const path = vendored(import.meta.dirname, 'keyring');
  writeFileSync(join(path, 'memory_keyring.py'), BACKEND);
  const manifest = readFileSync(join(import.meta.dirname, 'plugin.yaml'), 'utf8');
  const env = 'env: { PYTHON_KEYRING_BACKEND: memory_keyring.Keyring, PYTHONPATH';
  if (isReached) writeFileSync(join(path, 'plugin.yaml'), manifest.replace('env: { PYTHONPATH', env));
  const entry = { path, trust: 'none', grant: {} } as const;
  return hosts.open({}, { config: { plugins: { 'keyring-auth': entry } } });
}

const type = async (host: AppHost, name: string, options: object): Promise<unknown> =>
  (await host.emit('conda.run_subcommand', { name, args: [], options: { ...options } })).value;
const ask = (host: AppHost, url: string, more: object = {}) =>
  host.emit('conda.channel_auth', { channel: 'mine', url, auth: 'keyring', ...more });

test('keyring-auth has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testConfined('keyring-auth hands out what login kept, until logout', timeout, async () => {
  const host = await open();

  expect(await ask(host, 'https://example.org/mine')).toMatchObject({ status: 'blocked', violation: { code: 'NO_CREDENTIALS' } });
  const told = { exitCode: 0, stdout: 'The credentials of channel "mine" are in the keyring\n' };
  expect(await type(host, 'login', { channel: 'mine', token: 't0k3n' })).toEqual(told);
  const outcome = await ask(host, 'https://example.org/mine');
  expect(outcome).toMatchObject({ status: 'replaced', value: { token: 't0k3n' } });
  expect(JSON.stringify(outcome.trace)).not.toContain('t0k3n');

  await type(host, 'login', { channel: 'mine', username: 'ada', password: 'p' });
  expect((await ask(host, 'https://example.org/mine', { username: 'ada' })).value).toEqual({ username: 'ada', password: 'p' });
  expect(await ask(host, 'https://example.org/mine', { username: 'bob' })).toMatchObject({ violation: { code: 'OTHER_USER' } });

  expect(await type(host, 'logout', { channel: 'mine' })).toMatchObject({ exitCode: 0 });
  expect(await ask(host, 'https://example.org/mine')).toMatchObject({ violation: { code: 'NO_CREDENTIALS' } });
  expect(await type(host, 'logout', { channel: 'mine' })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('holds no credentials'),
  });
});

testConfined('keyring-auth sends nothing over plain HTTP but to this machine', timeout, async () => {
  const host = await open();
  await type(host, 'login', { channel: 'mine', token: 't0k3n' });

  for (const place of ['example.org', 'localhost.example.org', '127.0.0.1.example.org', '128.0.0.1', 'ada@example.org', '[2001:db8::1]'])
    expect(await ask(host, `http://${place}/mine`)).toMatchObject({ status: 'blocked', violation: { code: 'PLAIN_HTTP' } });
  for (const url of ['ftp://127.0.0.1/x', 'file:///x', '//example.org/x', 'http://localhost@example.org/x'])
    expect(await ask(host, url)).toMatchObject({ status: 'blocked', violation: { code: 'PLAIN_HTTP' } });
  for (const url of ['http://127.0.0.1:8080/x', 'http://[::1]/x', 'http://localhost/x', 'HTTPS://example.org/x'])
    expect(await ask(host, url)).toMatchObject({ status: 'replaced' });
});

testConfined('keyring-auth adds its sub-commands, and asks for what is missing', timeout, async () => {
  const host = await open();

  const { payload } = await host.emit('conda.subcommands', { builtIn: ['login'], subcommands: {} });
  expect(Object.keys(payload.subcommands)).toEqual(['logout']);
  expect(await type(host, 'login', { token: 'x' })).toMatchObject({ exitCode: 1, stderr: 'Cannot login: --channel says which channel\n' });
  for (const options of [{}, { username: 'ada' }, { password: 'p' }, { token: 't', username: 'ada', password: 'p' }])
    expect(await type(host, 'login', { channel: 'mine', ...options })).toMatchObject({ exitCode: 1 });
  expect((await host.emit('conda.channel_auth', { channel: 'mine', url: 'https://example.org', auth: 'other' })).status).toBe('continued');
});

testConfined('keyring-auth refuses and says why where it reaches no keyring', timeout, async () => {
  const host = await open(false);

  expect(await type(host, 'login', { channel: 'mine', token: 't' })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('no keyring can be used'),
  });
  expect(await ask(host, 'https://example.org')).toMatchObject({ status: 'blocked', violation: { code: 'NO_KEYRING' } });
});
