import { expect, test } from 'vitest';
import { canonicalHost, isAddress } from '../../../../host/sandbox/network/host-name.ts';

test.each([
  ['Example.ORG.', 'example.org'],
  ['a_b.example', 'a_b.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['straße.example', 'xn--strae-oqa.example'],
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.1.', '10.0.0.1'],
  ['[2001:DB8::0:1]', '2001:db8::1'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
])('canonicalHost() spells %s as %s', (text, host) => {
  expect(canonicalHost(text)).toBe(host);
});

test.each([
  '',
  '.',
  'a..b',
  'a b',
  'a\n',
  'ä\n.example',
  'ä/b',
  'ä:80',
  'ä@b',
  'ä%2e',
  '127.1',
  '0x7f.1',
  '1',
  '１.1.1.1',
  '::1%lo',
  '[::1',
  '[a]',
  'a'.repeat(2000),
])('canonicalHost() has none for %j', (text) => {
  expect(canonicalHost(text)).toBeUndefined();
});

test('isAddress() tells addresses from names', () => {
  expect(['10.0.0.1', '::1', 'example.org', '1.2.3'].map(isAddress)).toEqual([true, true, false, false]);
});
