import { expect, test } from 'vitest';
import { HostJournal } from '../../../host/daemon/host-journal.ts';
import { loadJournal } from '../../../host/daemon/open-journal.ts';
import type { Registry } from '../../../host/registry/types.ts';

test.each([
  [true, {}, HostJournal],
  [true, { journal: { enabled: true } }, HostJournal],
  [true, { journal: { enabled: false } }, undefined],
  [false, {}, undefined],
] as const)('loadJournal() loads one only where it is wanted and not switched off: %s, %o', async (isWanted, config, found) => {
  expect(await loadJournal(isWanted, { config } as unknown as Registry)).toBe(found);
});
