import type { Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { intersect, isEmpty, union, widerThan } from '../../../../host/sandbox/policy/permissions.ts';

const ALL: Permissions = {
  fs: { read: [`\${workspace}`], write: [`\${data}`] },
  net: ['api.example.com'],
  env: ['LANG'],
  run: ['git'],
  services: ['storage'],
  ipc: true,
  native: true,
  secrets: ['TOKEN'],
  sensitive: ['personal'],
};

test('intersect() keeps what is asked for and given, key by key', () => {
  expect(intersect(ALL, ALL)).toEqual(ALL);
  expect(intersect(ALL, {})).toEqual({});
  expect(intersect({}, ALL)).toEqual({});
  expect(intersect({ env: ['A', 'B'], ipc: true }, { env: ['B', 'C'], ipc: false, native: true })).toEqual({ env: ['B'] });
});

test('intersect() lets a path that may be written be read, and not the reverse', () => {
  expect(intersect({ fs: { read: ['/a'] } }, { fs: { write: ['/a'] } })).toEqual({ fs: { read: ['/a'] } });
  expect(intersect({ fs: { write: ['/a'] } }, { fs: { read: ['/a'] } })).toEqual({});
});

test('intersect() compares paths as texts: a folder does not give what lies in it', () => {
  expect(intersect({ fs: { read: ['/a/b'] } }, { fs: { read: ['/a'] } })).toEqual({});
});

test.each<[asked: string, given: string, common: string[]]>([
  ['a.example.com', '*.example.com', ['a.example.com']],
  ['*.example.com', 'a.example.com', ['a.example.com']],
  ['*', 'a.example.com', ['a.example.com']],
  ['*.a.example.com', '*.example.com', ['*.a.example.com']],
  ['a.example.com', '*', ['a.example.com']],
  ['a.example.com', 'a.example.com:443', ['a.example.com']],
  ['A.Example.com', 'a.example.com', ['A.Example.com']],
  ['a.example.com:80', 'a.example.com', []],
  ['a.example.com:80', 'a.example.com:*', ['a.example.com:80']],
  ['example.com', '*.example.com', []],
  ['badexample.com', '*.example.com', []],
  ['10.0.0.1', '*', []],
  ['[::1]', '*', []],
  ['8.8.8.8', '*', ['8.8.8.8']],
])('intersect() of the host %s with %s is %j', (asked, given, common) => {
  expect(intersect({ net: [asked] }, { net: [given] }).net ?? []).toEqual(common);
});

test('intersect() takes a name alone for wider than the same secret for some hosts', () => {
  const forHosts = { name: 'KEY', hosts: ['a.example.com', 'b.example.com'] };
  expect(intersect({ secrets: [forHosts] }, { secrets: ['KEY'] }).secrets).toEqual([forHosts]);
  expect(intersect({ secrets: ['KEY'] }, { secrets: [forHosts] }).secrets).toEqual([forHosts]);
  const one = { name: 'KEY', hosts: ['a.example.com'] };
  expect(intersect({ secrets: [forHosts] }, { secrets: [one] }).secrets).toEqual([one]);
  expect(intersect({ secrets: ['KEY'] }, { secrets: ['OTHER'] })).toEqual({});
});

test('union() has everything of both, once', () => {
  expect(union(ALL, ALL)).toEqual(ALL);
  expect(union({ env: ['A'], ipc: true }, { env: ['A', 'B'], fs: { read: ['/a'] } })).toEqual({
    env: ['A', 'B'],
    ipc: true,
    fs: { read: ['/a'] },
  });
  expect(union({ secrets: [{ name: 'K', hosts: ['a.org'] }] }, { secrets: [{ name: 'K', hosts: ['b.org'] }, 'L'] }).secrets).toEqual([
    { name: 'K', hosts: ['a.org', 'b.org'] },
    'L',
  ]);
});

test('widerThan() finds what was not there before', () => {
  expect(widerThan(ALL, ALL)).toEqual({});
  expect(widerThan(ALL, {})).toEqual(ALL);
  expect(widerThan({ net: ['a.example.com', 'b.org'] }, { net: ['*.example.com'] })).toEqual({ net: ['b.org'] });
  expect(widerThan({ net: ['*.example.com'] }, { net: ['a.example.com'] })).toEqual({ net: ['*.example.com'] });
  expect(widerThan({ fs: { read: ['/a'], write: ['/a'] } }, { fs: { read: ['/a'] } })).toEqual({ fs: { write: ['/a'] } });
});

test('widerThan() calls a secret wider for a new host, and for being seen', () => {
  const before: Permissions = { secrets: [{ name: 'KEY', hosts: ['a.example.com'] }] };
  expect(widerThan({ secrets: [{ name: 'KEY', hosts: ['a.example.com', 'b.org'] }] }, before)).toEqual({
    secrets: [{ name: 'KEY', hosts: ['b.org'] }],
  });
  expect(widerThan({ secrets: ['KEY'] }, before)).toEqual({ secrets: ['KEY'] });
  expect(widerThan(before, { secrets: ['KEY'] })).toEqual({});
});

test('isEmpty() sees through empty lists and what is false', () => {
  expect(isEmpty({ fs: { read: [] }, net: [], ipc: false, native: false })).toBe(true);
  for (const [key, value] of Object.entries(ALL)) expect(isEmpty({ [key]: value }), key).toBe(false);
});
