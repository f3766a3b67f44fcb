import { lstatSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isSystemPath, MADE_UP_FILES, systemLayout } from '../../../../host/sandbox/view/system-layout.ts';

test('systemLayout() says of each folder of the root whether it is a link', () => {
  for (const { path, link } of systemLayout()) expect(lstatSync(path).isSymbolicLink()).toBe(link !== undefined);
  expect(systemLayout().map(({ path }) => path)).toContain('/bin');
});

test('isSystemPath() compares whole names', () => {
  expect([isSystemPath('/usr/bin/env'), isSystemPath('/bin'), isSystemPath('/usrx/a'), isSystemPath('/root/bin')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('MADE_UP_FILES show no user but the plugin', () => {
  expect(MADE_UP_FILES['/etc/passwd']?.split('\n').map((line) => line.split(':')[0])).toEqual(['plugin', 'nobody', '']);
});
