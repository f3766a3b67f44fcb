import { expect, test } from 'vitest';
import { problemText, shortPath } from '../../../../host/cli/print/problem-text.ts';

test.each([
  [{ file: '/w/plugins/a/plugin.yaml', line: 3, column: 5, pointer: '/hooks' }, 'plugins/a/plugin.yaml:3:5: /hooks: wrong'],
  [{ file: '/elsewhere/plugin.yaml', line: 3 }, '/elsewhere/plugin.yaml:3: wrong'],
  [{ file: '/w/outrigger.yaml' }, 'outrigger.yaml: wrong'],
  [{}, 'wrong'],
])('problemText(%j)', (place, text) => {
  expect(problemText({ severity: 'error', message: 'wrong', ...place }, '/w')).toBe(text);
});

test('problemText() stays one line whatever the message holds', () => {
  expect(problemText({ severity: 'error', message: 'a\nb\u001b[2J' }, '/w')).toBe('a\\nb\\e[2J');
});

test('shortPath() is relative only below the folder', () => {
  expect([shortPath('/w/a', '/w'), shortPath('/w', '/w'), shortPath('/x', '/w')]).toEqual(['a', '/w', '/x']);
});
