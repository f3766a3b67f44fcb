import { closeSync, openSync, readlinkSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { descriptorsOf } from '../../../../host/sandbox/limits/descriptors.ts';
import { testWhere } from '../../../support/needs.ts';

const test = testWhere(process.platform === 'linux', 'needs Linux');

test('descriptorsOf() names what a process has open', () => {
  const file = import.meta.filename;
  const descriptor = openSync(file, 'r');
  onTestFinished(() => closeSync(descriptor));

  const path = descriptorsOf(process.pid).find((each) => each.endsWith(`/${descriptor}`));

  expect(path).toBe(`/proc/${process.pid}/fd/${descriptor}`);
  expect(readlinkSync(path as string)).toBe(file);
});

test('descriptorsOf() names nothing of a process that is gone', () => {
  expect(descriptorsOf(2 ** 22 - 1)).toEqual([]);
});
