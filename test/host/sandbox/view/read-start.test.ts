import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readStart } from '../../../../host/sandbox/view/read-start.ts';
import { folderWith } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

test('readStart() reads no more than it is told', () => {
  const folder = folderWith({ long: 'abcdef', short: 'ab' });

  expect(readStart(join(folder, 'long'), 4)).toBe('abcd');
  expect(readStart(join(folder, 'short'), 4)).toBe('ab');
});

test('readStart() is empty for a folder, a device and for nothing', () => {
  const folder = folderWith();
  symlinkSync('/dev/zero', join(folder, 'zero'));

  expect([folder, join(folder, 'zero'), join(folder, 'none')].map((file) => readStart(file, 4))).toEqual(['', '', '']);
});

testWith('mkfifo', 'coreutils')('readStart() does not wait for a pipe that nobody writes to', () => {
  const folder = folderWith();
  execFileSync('mkfifo', [join(folder, 'pipe')]);

  expect(readStart(join(folder, 'pipe'), 4)).toBe('');
});
