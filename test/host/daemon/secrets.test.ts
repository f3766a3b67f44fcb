import type { Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { SecretGuard } from '../../../host/daemon/redact-secrets.ts';
import { type SecretSource, Secrets } from '../../../host/daemon/secrets.ts';

type Granted = NonNullable<Permissions['secrets']>;

function secretsOf(source: SecretSource = (name) => `value of ${name}`) {
  const guard = new SecretGuard();
  const errors: unknown[] = [];
  const nothing = (): void => undefined;
  const error = (_: string, fields?: Readonly<Record<string, unknown>>): void => void errors.push(fields);
  return { secrets: new Secrets({ source, guard, log: { debug: nothing, info: nothing, warn: nothing, error } }), guard, errors };
}

const caller = (...granted: Granted) => ({ plugin: 'p', granted: { secrets: granted } });
const API = { host: 'api.example.com', port: 443 };

test('Secrets gives a plugin what it was granted by name, and keeps the value out of logs from then on', async () => {
  const { secrets, guard } = secretsOf();

  expect(await secrets.read(caller('OTHER', 'TOKEN'), 'TOKEN')).toBe('value of TOKEN');

  expect(guard.text('x value of TOKEN y')).toBe('x [secret TOKEN] y');
});

test('Secrets tells the source who asks', async () => {
  const { secrets } = secretsOf((name, { plugin }) => Promise.resolve(`${name} for ${plugin}`));

  expect(await secrets.read(caller('TOKEN'), 'TOKEN')).toBe('TOKEN for p');
});

test.each<[string, Granted, string]>([
  ['is not granted', ['OTHER'], "needs it under permissions.secrets in its manifest, and the operator's grant: outrigger plugins trust p"],
  [
    'is granted for hosts',
    [{ name: 'TOKEN', hosts: ['api.example.com'] }],
    'may send it to api.example.com with net/fetch, but not see it',
  ],
])('Secrets shows a plugin no secret that %s, and asks no store', async (_, granted, why) => {
  const { secrets } = secretsOf(() => {
    throw new Error('it was asked');
  });

  await expect(secrets.read(caller(...granted), 'TOKEN')).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining(why),
  });
});

test.each<[string, Granted]>([
  ['this host', [{ name: 'TOKEN', hosts: ['api.example.com'] }]],
  ['hosts below another', [{ name: 'TOKEN', hosts: ['*.example.com'] }]],
  [
    'one of several',
    [
      { name: 'TOKEN', hosts: ['a.test'] },
      { name: 'TOKEN', hosts: ['b.test', 'API.example.com:443'] },
    ],
  ],
  ['any', ['TOKEN']],
])('Secrets gives the host a secret granted for %s', async (_, granted) => {
  expect(await secretsOf().secrets.forHost(caller(...granted), 'TOKEN', API)).toBe('value of TOKEN');
});

test.each<[string, Granted]>([
  ['another host', [{ name: 'TOKEN', hosts: ['example.com'] }]],
  ['another port', [{ name: 'TOKEN', hosts: ['api.example.com:8443'] }]],
  ['nothing that is a host', [{ name: 'TOKEN', hosts: ['https://api.example.com/'] }]],
  ['nobody', []],
])('Secrets gives the host no secret granted for %s', async (_, granted) => {
  await expect(secretsOf().secrets.forHost(caller(...granted), 'TOKEN', API)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
});

test.each([undefined, ''])('Secrets says how to store a secret that is granted and is %j', async (value) => {
  const { secrets } = secretsOf(() => value);

  await expect(secrets.read(caller('TOKEN'), 'TOKEN')).rejects.toMatchObject({
    code: 'SECRET_UNKNOWN',
    message: expect.stringContaining('outrigger secrets set TOKEN'),
  });
});

test.each<[string, SecretSource]>([
  [
    'throws',
    () => {
      throw new Error('/home/ada/secrets: mode 0644');
    },
  ],
  ['rejects', () => Promise.reject(new Error('/home/ada/secrets: mode 0644'))],
  ['gives no text', () => 7 as unknown as string],
])('Secrets tells the log, and not the plugin, why its store %s', async (_, source) => {
  const { secrets, errors } = secretsOf(source);

  const refused = await secrets.read(caller('TOKEN'), 'TOKEN').catch((error: Error) => error);

  expect(refused).toMatchObject({ code: 'STORAGE_FAILED' });
  expect(String(refused)).not.toContain('/home/ada');
  expect(errors).toEqual([{ plugin: 'p', secret: 'TOKEN', reason: expect.stringMatching(/0644|no text/) }]);
});
