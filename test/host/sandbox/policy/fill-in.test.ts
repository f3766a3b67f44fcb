import { expect, test } from 'vitest';
import { fillIn, isOwnData } from '../../../../host/sandbox/policy/fill-in.ts';

test('isOwnData() is true of the plugin’s own folder and what lies in it', () => {
  expect([`\${data}`, `\${data}/x`].map(isOwnData)).toEqual([true, true]);
  expect([`\${data}x`, `/\${data}`, `\${data}/../x`, ''].map(isOwnData)).toEqual([false, false, false, false]);
});

test('fillIn() puts folders for variables at the beginning, and refuses what is no path', () => {
  const variables = { workspace: '/project', config: '/etc/app' };

  expect(fillIn(`\${workspace}//a/./b/`, variables)).toEqual({ path: '/project/a/b' });
  expect(fillIn(`\${config}`, variables)).toEqual({ path: '/etc/app' });
  for (const text of ['', 'a', '/a/..', '/a*', `/\${workspace}`, '/a\n']) expect(fillIn(text, variables), text).toHaveProperty('why');
});
