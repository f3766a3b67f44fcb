import { describe, expect, test } from 'vitest';
import { isSpecialAddress, parseRule, ruleFor } from '../../../../host/sandbox/network/rules.ts';
import type { NetRule } from '../../../../host/sandbox/types.ts';

function rules(...texts: string[]): NetRule[] {
  return texts.map((text) => parseRule(text) ?? expect.unreachable(`${text} is no rule`));
}

describe('parseRule()', () => {
  test.each([
    ['example.org', 'example.org', 443],
    ['Example.ORG.', 'example.org', 443],
    ['example.org:8080', 'example.org', 8080],
    ['example.org:*', 'example.org', '*'],
    ['*.example.org', '*.example.org', 443],
    ['*.Example.org:80', '*.example.org', 80],
    ['*', '*', '*'],
    ['*:443', '*', 443],
    ['localhost:3000', 'localhost', 3000],
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['::1', '::1', 443],
    ['[::1]:8080', '::1', 8080],
    ['[2001:DB8:0:0::1]', '2001:db8::1', 443],
    ['bücher.example', 'xn--bcher-kva.example', 443],
    ['BÜCHER。example', 'xn--bcher-kva.example', 443],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 443],
  ])('parseRule() reads %s', (text, host, port) => {
    expect(parseRule(text)).toEqual({ host, port, text });
  });

  test.each([
    '',
    ' ',
    '.',
    'a..b',
    '.example.org',
    'example.org:',
    'example.org:0',
    'example.org:65536',
    'example.org:0443',
    'example.org:4e2',
    'example.org:80:80',
    'https://example.org',
    'example.org/path',
    'user@example.org',
    'exa mple.org',
    'example.org\n',
    'exa%6dple.org',
    '-a.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`,
    '**',
    '*.*',
    '*.com',
    'a.*.example',
    '*example.org',
    '*.127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.01',
    '1.2.3',
    '1.2.3.4.5',
    '１２７.0.0.1',
    '0.0.0.0',
    '::',
    '[::]:80',
    '[::1',
    '::1]',
    '[127.0.0.1]',
    '[fe80::1%eth0]',
    'fe80::1%eth0',
    ':80',
  ])('parseRule() refuses %j', (text) => {
    expect(parseRule(text)).toBeUndefined();
  });
});

describe('ruleFor()', () => {
  test.each([
    ['example.org', 443],
    ['EXAMPLE.org', 443],
    ['example.org.', 443],
    ['a.wild.example', 443],
    ['a.b.wild.example', 443],
    ['10.0.0.1', 8080],
    ['::1', 8080],
    ['[::1]', 8080],
    ['[0:0::0:1]', 8080],
    ['bücher.example', 443],
  ])('ruleFor() admits %s port %d', (host, port) => {
    const granted = rules('example.org', '*.wild.example', '10.0.0.1:8080', '[::1]:8080', 'bücher.example');

    expect(ruleFor(granted, host, port)).toBeDefined();
  });

  test.each([
    ['example.org', 80],
    ['www.example.org', 443],
    ['example.org.evil.example', 443],
    ['notexample.org', 443],
    ['wild.example', 443],
    ['.wild.example', 443],
    ['evilwild.example', 443],
    ['a.wild.example.', 80],
    ['*.wild.example', 443],
    ['10.0.0.1', 443],
    ['10.0.1', 8080],
    ['167772161', 8080],
    ['0x0a.0.0.1', 8080],
    ['012.0.0.1', 8080],
    ['[::ffff:10.0.0.1]', 8080],
    ['::ffff:a00:1', 8080],
    ['[::1%lo]', 8080],
    ['example.org\0.evil', 443],
    ['example.org@evil', 443],
    ['', 443],
  ])('ruleFor() refuses %j port %d', (host, port) => {
    const granted = rules('example.org', '*.wild.example', '10.0.0.1:8080', '[::1]:8080');

    expect(ruleFor(granted, host, port)).toBeUndefined();
  });

  test('ruleFor() admits with "*" every public host on every port, and no special address', () => {
    const granted = rules('*');

    expect(ruleFor(granted, 'example.org', 25)).toBeDefined();
    expect(ruleFor(granted, '8.8.8.8', 53)).toBeDefined();
    for (const host of ['127.0.0.1', '169.254.169.254', '::1', '[fd00:ec2::254]', '192.168.0.1', '127.1', '2130706433']) {
      expect(ruleFor(granted, host, 80), host).toBeUndefined();
    }
  });

  test('ruleFor() prefers the narrowest rule', () => {
    const granted = rules('*', '*.example.org', 'a.example.org');

    expect(ruleFor(granted, 'a.example.org', 443)?.text).toBe('a.example.org');
    expect(ruleFor(granted, 'b.example.org', 443)?.text).toBe('*.example.org');
    expect(ruleFor(granted, 'c.example.net', 443)?.text).toBe('*');
  });
});

describe('isSpecialAddress()', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.255',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::FFFF:7f00:1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:2::1',
    '2001:10::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2606:4700::1%eth0',
  ])('isSpecialAddress() is true for %s', (address) => {
    expect(isSpecialAddress(address)).toBe(true);
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '198.17.255.255',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450::1',
    '64:ff9b::8.8.8.8',
    'example.org',
  ])('isSpecialAddress() is false for %s', (address) => {
    expect(isSpecialAddress(address)).toBe(false);
  });
});
