import { expect, test } from 'vitest';
import { consentLines } from '../../../../host/sandbox/policy/consent-lines.ts';

test('consentLines() says nothing for nothing', () => {
  expect(consentLines({})).toEqual([]);
});

test('consentLines() puts the wide ones first', () => {
  const lines = consentLines({ env: ['LANG'], services: ['storage'], net: ['api.example.com'], run: ['git'], fs: { write: ['/a'] } });
  expect(lines.map(({ isWide }) => isWide)).toEqual([true, true, false, false, false]);
  expect(lines[0]?.text).toMatch(/^start programs .*git/);
});

test.each([
  [{ net: ['*'] }, true, 'every host of the internet'],
  [{ net: ['*:80'] }, true, 'every host of the internet'],
  [{ net: ['*.example.com'] }, true, '*.example.com'],
  [{ net: ['api.example.com'] }, false, 'send anything it sees to api.example.com'],
  [{ fs: { write: ['/project'] } }, true, 'change and delete files in /project'],
  [{ fs: { write: [`\${data}`] } }, false, 'data folder of its own'],
  [{ fs: { read: [`\${data}/x`] } }, false, 'its own data folder'],
  [{ fs: { read: ['/'] } }, true, 'everything in /'],
  [{ fs: { read: ['/home/ada'] } }, true, 'everything in /home/ada'],
  [{ fs: { read: ['/Users/ada/'] } }, true, 'everything in /Users/ada/'],
  [{ fs: { read: ['/home/ada/project'] } }, false, 'read files in /home/ada/project'],
  [{ run: ['git', 'make'] }, true, 'git, make'],
  [{ ipc: true }, true, 'Unix sockets'],
  [{ native: true }, true, 'native code'],
  [{ secrets: ['TOKEN'] }, true, 'read the secret TOKEN'],
  [{ secrets: [{ name: 'TOKEN', hosts: ['a.org', 'b.org'] }] }, true, 'TOKEN sent to a.org, b.org, without seeing it'],
  [{ sensitive: ['secret' as const] }, true, 'hold secrets'],
  [{ sensitive: ['personal' as const] }, false, 'personal data'],
  [{ env: ['HOME'] }, false, 'variable HOME'],
  [{ services: ['app/notes'] }, false, 'service "app/notes"'],
])('consentLines() of %j: wide is %s', (permissions, isWide, text) => {
  const [line, ...others] = consentLines(permissions);
  expect([line?.isWide, others]).toEqual([isWide, []]);
  expect(line?.text).toContain(text);
});
