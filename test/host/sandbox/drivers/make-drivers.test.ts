import { isAbsolute } from 'node:path';
import { expect, test } from 'vitest';
import { makeDrivers } from '../../../../host/sandbox/drivers/make-drivers.ts';

test('makeDrivers() has every driver under its own name, with the absolute path of its program', () => {
  for (const [name, { driver, program }] of Object.entries(makeDrivers(undefined))) {
    expect(driver.name).toBe(name);
    expect(isAbsolute(program), program).toBe(true);
  }
});

test('makeDrivers() grades only what leaves gaps as partial', () => {
  const partial = Object.values(makeDrivers(undefined)).filter(({ driver }) => driver.grade === 'partial');
  expect(partial.map(({ driver }) => driver.name)).toEqual(['landlock']);
});
