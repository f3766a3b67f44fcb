import { expect, test } from 'vitest';
import { CALLS, MISSING, NEWEST_CALL, REFUSED } from '../../../../host/sandbox/filter/seccomp-calls.ts';

test.for(['x64', 'arm64'] as const)('CALLS of %s have one number each, none above the newest', (arch) => {
  const { numbers, sysvIpc } = CALLS[arch];
  const all = [...Object.values(numbers), ...sysvIpc];

  expect(new Set(all).size).toBe(all.length);
  expect(Math.max(...all)).toBeLessThanOrEqual(NEWEST_CALL);
});

test('a call is missing or refused, never both', () => {
  expect(MISSING.filter((name) => REFUSED.includes(name))).toEqual([]);
});
