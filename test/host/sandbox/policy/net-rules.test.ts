import { expect, test } from 'vitest';
import { netRules } from '../../../../host/sandbox/policy/net-rules.ts';

const hosts = (granted: string[], cap?: string[]): string[] => netRules(granted, cap).rules.map(({ host, port }) => `${host}:${port}`);

test('netRules() takes texts as they are where the operator caps nothing', () => {
  expect(hosts(['api.example.com', '*.example.org:8443', 'api.example.com'])).toEqual(['api.example.com:443', '*.example.org:8443']);
  expect(netRules([], undefined)).toEqual({ rules: [], refusals: [] });
});

test('netRules() keeps what grant and cap have in common', () => {
  expect(hosts(['a.example.com'], ['*.example.com'])).toEqual(['a.example.com:443']);
  expect(hosts(['*.example.com'], ['a.example.com', 'b.example.com', 'other.org'])).toEqual(['a.example.com:443', 'b.example.com:443']);
  expect(hosts(['*'], ['a.example.com:8443'])).toEqual(['a.example.com:8443']);
});

test('netRules() refuses a grant of which the cap leaves nothing', () => {
  expect(netRules(['a.example.com'], ['b.example.com']).refusals).toEqual([expect.stringMatching(/^net "a\.example\.com": sandbox\.net/)]);
  expect(netRules(['a.example.com:80'], ['a.example.com']).refusals).toHaveLength(1);
  expect(netRules(['example.com'], ['*.example.com']).refusals).toHaveLength(1);
  expect(netRules(['127.0.0.1:80'], ['*']).refusals).toHaveLength(1);
  expect(netRules(['a.example.com'], []).refusals).toHaveLength(1);
});

test('netRules() refuses texts that are no rule, in the grant and in the cap', () => {
  expect(netRules(['http://x/'], undefined).refusals).toEqual([expect.stringContaining('no host')]);
  expect(netRules(['a.example.com'], ['a.example.com', 'http://x/']).refusals).toEqual([expect.stringMatching(/^sandbox\.net /)]);
});
