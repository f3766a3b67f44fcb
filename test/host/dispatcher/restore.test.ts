import { expect, test } from 'vitest';
import { applyPatch, writableTree } from '../../../host/dispatcher/patch.ts';
import { type Hidden, REDACTED } from '../../../host/dispatcher/redact.ts';
import { holdsMark, restorePatch } from '../../../host/dispatcher/restore.ts';
import { compileMarks } from '../../../host/registry/sensitive-marks.ts';

const secret = { 'x-sensitive': 'secret' };
const MARKS = compileMarks({
  properties: {
    token: secret,
    auth: { ...secret, properties: { user: {}, mail: { 'x-sensitive': 'personal' } } },
    login: { properties: { name: {}, password: secret } },
    keys: { items: secret },
    users: { items: { properties: { name: {}, password: secret } } },
    mixed: { prefixItems: [secret, { 'x-sensitive': 'personal' }] },
  },
});
const BEFORE = {
  title: 'draft',
  token: 'hunter2',
  auth: { user: 'ann', mail: 'a@b.c' },
  login: { name: 'ann', password: 'pw' },
  keys: ['k0', 'k1', 'k2'],
  users: [
    { name: 'ann', password: 'p0' },
    { name: 'bob', password: 'p1' },
    { name: 'bob', password: 'p2' },
  ],
  mixed: ['m0', 'm1'],
};
const ANN = { name: 'ann', password: REDACTED };
const BOB = { password: REDACTED, name: 'bob' };

function restore(patch: Record<string, unknown>, options: { writable?: string[]; hidden?: Hidden | undefined } = {}) {
  if (MARKS === undefined) throw new Error('nothing is marked');
  const { writable, hidden } = { writable: [''], hidden: 'both' as const, ...options };
  return restorePatch(patch, BEFORE, { marks: MARKS, writable: writableTree(writable), hidden });
}

/** The payload after the patch, or where it was refused. */
function after(...args: Parameters<typeof restore>): unknown {
  const result = restore(...args);
  return 'refused' in result ? result.refused.pointer : applyPatch(BEFORE, result.patch);
}

const ECHO = {
  title: 'draft',
  token: REDACTED,
  auth: REDACTED,
  login: { name: 'ann', password: REDACTED },
  keys: [REDACTED, REDACTED, REDACTED],
  users: [ANN, BOB, BOB],
  mixed: [REDACTED, REDACTED],
};

test.each([[['']], [[]]])('restorePatch() takes an echo of what was shown as no edit, writable %j', (writable) => {
  expect(after(ECHO, { writable })).toEqual(BEFORE);
});

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['a field beside a hidden one', { login: { name: 'eve', password: REDACTED } }, { login: { name: 'eve', password: 'pw' } }],
  ['a new value written unseen', { token: 'new', login: { password: 'new' } }, { token: 'new', login: { name: 'ann', password: 'new' } }],
  ['the end taken off a list', { users: [ANN] }, { users: BEFORE.users.slice(0, 1) }],
  ['an item appended', { keys: [REDACTED, REDACTED, REDACTED, 'k3'] }, { keys: ['k0', 'k1', 'k2', 'k3'] }],
  ['an item replaced', { keys: [REDACTED, 'new', REDACTED] }, { keys: ['k0', 'new', 'k2'] }],
  [
    'an item that can be told kept alone',
    { users: [{ name: 'new', password: 'p' }, ANN] },
    { users: [{ name: 'new', password: 'p' }, BEFORE.users[0]] },
  ],
])('restorePatch() keeps what was hidden with %s', (_, patch, changed) => {
  expect(after(patch)).toEqual({ ...BEFORE, ...changed });
});

test.each<[string, Record<string, unknown>, string]>([
  ['an item taken out that could be any', { keys: [REDACTED, REDACTED] }, '/keys/0'],
  ['an item before hidden ones', { keys: ['new', REDACTED, REDACTED, REDACTED] }, '/keys/3'],
  ['an edited item that holds the mark', { users: [{ name: 'eve', password: REDACTED }, BOB, BOB] }, '/users/0'],
  ['items that look alike in other places', { users: [BOB, BOB, ANN] }, '/users/0'],
  ['one of two that look alike', { users: [ANN, BOB] }, '/users/1'],
  ['a mark where there was nothing', { login: { password2: 1 }, other: 1, users: [ANN, BOB, BOB, { password: REDACTED }] }, '/users/3'],
  ['a mark in a new object', { users: null, keys: 3, mixed: [{ a: REDACTED }] }, '/mixed/0'],
  ['a text made from the mark', { token: `Bearer ${REDACTED}` }, '/token'],
  ['a mark inside of a new value', { auth: { user: [REDACTED] } }, '/auth'],
  ['a list in place of an object', { login: [REDACTED], users: { password: REDACTED }, token: { x: REDACTED } }, '/token'],
])('restorePatch() refuses %s', (_, patch, pointer) => {
  expect(after(patch)).toBe(pointer);
});

test('restorePatch() moves nothing to where others may see it', () => {
  expect(after({ mixed: ['m1', REDACTED] }, { hidden: 'secret' })).toBe('/mixed/1');
  expect(after({ mixed: [REDACTED, 'new'] }, { hidden: 'secret' })).toMatchObject({ mixed: ['m0', 'new'] });
});

test.each<[string, Record<string, unknown>, string]>([
  ['the value it has', { token: 'hunter2' }, '/token'],
  ['another value', { token: 'other' }, '/token'],
  ['a part of what it has', { auth: { user: 'ann' } }, '/auth/user'],
  ['an empty object', { auth: {} }, '/auth'],
  ['a nested value it has', { login: { password: 'pw' } }, '/login/password'],
  ['a list with the value it has', { keys: ['k0', REDACTED, REDACTED] }, '/keys'],
])('restorePatch() refuses %s unseen outside of what is writable, so that nobody can guess', (_, patch, pointer) => {
  expect(after(patch, { writable: ['/title'] })).toBe(pointer);
});

test('restorePatch() allows a writable part of a hidden field to be written unseen', () => {
  expect(after({ auth: { user: 'eve' } }, { writable: ['/auth/user'] })).toMatchObject({ auth: { user: 'eve', mail: 'a@b.c' } });
});

test('restorePatch() lets one who saw a field change it, but not to the mark', () => {
  const seen = { hidden: 'personal' as const };
  expect(after({ auth: { user: 'eve', mail: REDACTED } }, seen)).toMatchObject({ auth: { user: 'eve', mail: 'a@b.c' } });
  expect(after({ keys: ['k1'], token: 'new' }, seen)).toMatchObject({ keys: ['k1'], token: 'new' });
  expect(after({ token: REDACTED }, seen)).toBe('/token');
  expect(after({ keys: ['k0', REDACTED] }, { hidden: undefined })).toBe('/keys');
  expect(after({ auth: { note: REDACTED } }, seen)).toBe('/auth');
});

test('restorePatch() lets a hidden field be removed, and the mark stand where nothing is marked', () => {
  expect(after({ token: null, title: REDACTED })).toEqual({ ...BEFORE, token: undefined, title: REDACTED });
});

test('restorePatch() leaves an original that says "[redacted]" as it is', () => {
  if (MARKS === undefined) throw new Error('nothing is marked');
  const options = { marks: MARKS, writable: true, hidden: undefined } as const;
  expect(restorePatch({ token: REDACTED }, { token: REDACTED }, options)).toEqual({ patch: { token: REDACTED } });
});

test('restorePatch() tells the items of a long list apart in one pass', () => {
  const users = Array.from({ length: 20_000 }, (_, index) => ({ name: `u${index}`, password: `p${index}` }));
  const shown = users.map(({ name }) => ({ name, password: REDACTED }));
  if (MARKS === undefined) throw new Error('nothing is marked');
  const options = { marks: MARKS, writable: true, hidden: 'both' } as const;
  const start = performance.now();

  const result = restorePatch({ users: shown.toReversed() }, { users }, options);

  expect(result).toEqual({ patch: { users: users.toReversed() } });
  // One by one these would be 400 million comparisons.
  expect(performance.now() - start).toBeLessThan(10_000);
});

test('holdsMark() looks only at marked places', () => {
  expect(holdsMark({ title: REDACTED, login: { name: REDACTED } }, MARKS)).toBe(false);
  expect(holdsMark({ users: [{ password: `${REDACTED}!` }] }, MARKS)).toBe(true);
});
