import type { LockedPlugin, Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { everything, judgeTrust, type TrustQuestion } from '../../../host/registry/trust.ts';

const HASH = `sha256-${'a'.repeat(64)}`;
const ASKED: Permissions = { net: ['api.example.com'] };
const OPTIONAL: Permissions = { env: ['LANG'] };
const LOCKED: LockedPlugin = { version: '1.0.0', hash: HASH, trust: 'none', asked: ASKED, grant: ASKED, time: '2026-11-21T12:00:00.000Z' };

function judge(question: Partial<TrustQuestion>) {
  const asked = { permissions: ASKED, optionalPermissions: OPTIONAL };
  const base = {
    name: 'x',
    trust: 'none',
    isListed: true,
    version: '1.0.0',
    asked,
    grant: undefined,
    locked: undefined,
    hash: undefined,
  } as const;
  return judgeTrust({ ...base, ...question });
}

test('judgeTrust() lets a plugin that asks for nothing run without a lock entry', () => {
  expect(judge({ asked: {} })).toEqual({ granted: {} });
});

test('judgeTrust() refuses what was merely found, whatever it asks for', () => {
  expect(judge({ asked: {}, isListed: false })).toEqual({ refusal: expect.stringContaining('is not listed') });
});

test('judgeTrust() refuses a plugin that was not granted what it needs, in words, with the command', () => {
  expect(judge({})).toEqual({
    refusal:
      'it was not granted what it needs: it wants to send anything it sees to api.example.com; look at it and grant it with "outrigger plugins trust x"',
  });
});

test('judgeTrust() gives an accepted plugin what the lock grants, optional only when it is named', () => {
  expect(judge({ locked: LOCKED, hash: HASH })).toEqual({ granted: ASKED });
  const grant = { ...ASKED, ...OPTIONAL, run: ['git'] };
  expect(judge({ locked: { ...LOCKED, grant }, hash: HASH })).toEqual({ granted: { ...ASKED, ...OPTIONAL } });
});

test('judgeTrust() takes the grant of the config before that of the lock', () => {
  expect(judge({ grant: { net: ['*.example.com'] } })).toEqual({ granted: ASKED });
  expect(judge({ grant: {}, locked: LOCKED, hash: HASH })).toEqual({ refusal: expect.stringContaining('add that to plugins.x.grant') });
});

test('judgeTrust() gives full trust all that is required, or what the config grants of it', () => {
  expect(judge({ trust: 'full' })).toEqual({ granted: ASKED });
  expect(judge({ trust: 'full', grant: OPTIONAL })).toEqual({ granted: OPTIONAL });
});

test.each(['none', 'full'] as const)('judgeTrust() refuses changed code under trust %s, and says when and what', (trust) => {
  const hash = `sha256-${'b'.repeat(64)}`;
  expect(judge({ trust, locked: LOCKED, hash, version: '1.1.0' })).toEqual({
    refusal: expect.stringMatching(
      /^its code changed since it was accepted on 2026-11-21 \(version 1\.0\.0 → 1\.1\.0\), and it asks for more: .*LANG: look at it and confirm with "outrigger plugins trust x"$/,
    ),
  });
  const same = judge({ trust, locked: { ...LOCKED, asked: { ...ASKED, ...OPTIONAL } }, hash });
  expect(same).toEqual({ refusal: expect.stringMatching(/\(still version 1\.0\.0\): look/) });
});

test('judgeTrust() refuses a lock entry that was compared with nothing', () => {
  expect(judge({ locked: LOCKED, hash: undefined })).toHaveProperty('refusal');
});

test('everything() is what is required and what is optional', () => {
  expect(everything({ permissions: ASKED, optionalPermissions: OPTIONAL })).toEqual({ ...ASKED, ...OPTIONAL });
  expect(everything({})).toEqual({});
});
