import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { type Lookup, resolveTarget } from '../../../../host/sandbox/network/resolve-target.ts';
import { parseRule } from '../../../../host/sandbox/network/rules.ts';
import type { NetRule } from '../../../../host/sandbox/types.ts';

function rules(...texts: string[]): NetRule[] {
  return texts.map((text) => parseRule(text) ?? expect.unreachable(text));
}

const none: Lookup = () => expect.unreachable('resolved');

test('resolveTarget() takes a granted address as it stands, special or not', async () => {
  for (const host of ['127.0.0.1', '169.254.169.254', '8.8.8.8', '::1']) {
    expect(await resolveTarget(rules(host), host, 443, none)).toEqual({ status: 'open', host, port: 443, addresses: [host] });
  }
});

test('resolveTarget() resolves only names that are granted', async () => {
  for (const host of ['evil.example', 'a.granted.example', '127.1', 'a b', '']) {
    expect((await resolveTarget(rules('granted.example'), host, 443, none)).status).toBe('denied');
  }
});

test('resolveTarget() leaves out special addresses, and what is no address', async () => {
  const lookup: Lookup = (name) =>
    Promise.resolve(
      name === 'granted.example' ? ['10.0.0.1', '8.8.8.8', '::ffff:1.1.1.1', 'evil.example', 'fe80::1%lo', '2606:4700::1'] : [],
    );

  const target = await resolveTarget(rules('*'), 'Granted.Example.', 443, lookup);

  expect(target).toEqual({ status: 'open', host: 'granted.example', port: 443, addresses: ['8.8.8.8', '2606:4700::1'] });
});

test('resolveTarget() leaves out the machine’s own addresses', async () => {
  const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));

  expect((await resolveTarget(rules('granted.example'), 'granted.example', 443, () => Promise.resolve(own))).status).toBe('denied');
});

test('resolveTarget() tells apart what is refused and what does not resolve', async () => {
  const answers: [Lookup, string][] = [
    [() => Promise.resolve([]), 'failed'],
    [() => Promise.reject(new Error('ENOTFOUND')), 'failed'],
    [() => Promise.resolve(['127.0.0.1']), 'denied'],
  ];

  for (const [lookup, status] of answers) {
    expect((await resolveTarget(rules('granted.example'), 'granted.example', 443, lookup)).status).toBe(status);
  }
});

test('resolveTarget() keeps at most eight addresses', async () => {
  const lookup: Lookup = () => Promise.resolve(Array.from({ length: 100 }, (_, last) => `8.8.8.${last}`));

  expect(await resolveTarget(rules('granted.example'), 'granted.example', 443, lookup)).toMatchObject({ addresses: { length: 8 } });
});

test('resolveTarget() uses the resolver of the system by default', async () => {
  expect((await resolveTarget(rules('localhost'), 'localhost', 443)).status).toBe('denied');
});
