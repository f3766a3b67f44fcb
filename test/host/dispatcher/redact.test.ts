import { expect, test } from 'vitest';
import {
  concealing,
  concealingAnswer,
  hiddenFrom,
  REDACTED,
  redact,
  redactChanges,
  redactForRecord,
  shownOutcome,
} from '../../../host/dispatcher/redact.ts';
import { compileMarks } from '../../../host/registry/sensitive-marks.ts';
import type { Sensitivity } from '../../../host/registry/types.ts';
import { loadHook } from '../../support/events.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    token: { 'x-sensitive': 'secret' },
    user: { type: 'object', properties: { mail: { 'x-sensitive': 'personal' }, id: { type: 'integer' } } },
    keys: { type: 'array', items: { 'x-sensitive': 'secret' } },
    both: { anyOf: [{ 'x-sensitive': 'secret' }, { 'x-sensitive': 'personal' }] },
  },
};
const MARKS = compileMarks(SCHEMA);

test.each<[string, Record<string, unknown>, unknown]>([
  ['a text', { token: 'hunter2' }, { token: REDACTED }],
  ['null', { token: null }, { token: REDACTED }],
  ['an object', { token: { a: { b: 1 } } }, { token: REDACTED }],
  ['a nested field', { user: { mail: 'a@b.c', id: 7 } }, { user: { mail: REDACTED, id: 7 } }],
  ['every item', { keys: ['a', 'b'] }, { keys: [REDACTED, REDACTED] }],
  ['a field of two kinds', { both: 1 }, { both: REDACTED }],
  ['nothing that is not there', { title: 't', user: {} }, { title: 't', user: {} }],
])('redact() replaces %s', (_, payload, expected) => {
  const before = JSON.stringify(payload);
  expect(redact(payload, MARKS, 'both')).toEqual(expected);
  expect(JSON.stringify(payload)).toBe(before);
});

test('redact() keeps back only the kinds that were not granted, and what needs two grants until both are there', () => {
  const payload = { token: 1, user: { mail: 2 }, both: 3 };
  expect(redact(payload, MARKS, 'secret')).toEqual({ token: REDACTED, user: { mail: 2 }, both: REDACTED });
  expect(redact(payload, MARKS, 'personal')).toEqual({ token: 1, user: { mail: REDACTED }, both: REDACTED });
});

test('redact() sees what is written, not what a value would rather show', () => {
  const sly = { title: 't', toJSON: () => ({ token: 'hunter2' }) };
  expect(redact(sly, MARKS, 'both')).toEqual({ token: REDACTED });
  const proto = JSON.parse('{"__proto__":"hunter2"}') as Record<string, unknown>;
  const marks = compileMarks({ additionalProperties: { 'x-sensitive': 'secret' } });
  expect(JSON.stringify(redact(proto, marks, 'secret'))).toBe(`{"__proto__":"${REDACTED}"}`);
});

test('redact() gives back the very value when nothing is marked', () => {
  const payload = { a: 1 };
  expect(redact(payload, undefined, 'both')).toBe(payload);
});

test('redactForRecord() shows nothing of a value that is no JSON', () => {
  expect(redactForRecord({ title: 1n }, MARKS)).toBe(REDACTED);
});

test.each<[Sensitivity[], string | undefined]>([
  [[], 'both'],
  [['personal'], 'secret'],
  [['secret'], 'personal'],
  [['secret', 'personal'], undefined],
])('hiddenFrom() one that sees %j is %s', async (sees, expected) => {
  expect(hiddenFrom(await loadHook({ payload: SCHEMA }), sees)).toBe(expected);
});

test('hiddenFrom() counts only kinds that the hook point has', async () => {
  const payload = { type: 'object', properties: { token: { 'x-sensitive': 'secret' } } };
  expect(hiddenFrom(await loadHook({ payload }), ['secret'])).toBeUndefined();
  expect(hiddenFrom(await loadHook({ payload }), [])).toBe('secret');
  expect(hiddenFrom(await loadHook(), [])).toBeUndefined();
});

test('shownOutcome() tells a plugin no more of an outcome than of an event', async () => {
  const hook = await loadHook({ payload: SCHEMA, replaceSchema: { 'x-sensitive': 'personal' } });
  const outcome = { payload: { title: 'a', token: 1 }, value: 'a@b.c' };
  expect(shownOutcome(hook, [], outcome)).toEqual({ payload: { title: 'a', token: REDACTED }, value: REDACTED });
  expect(shownOutcome(hook, ['personal'], outcome)).toEqual({ payload: { title: 'a', token: REDACTED }, value: 'a@b.c' });
  expect(shownOutcome(hook, ['secret', 'personal'], outcome)).toEqual(outcome);
});

test('redactChanges() shows that a marked place changed and nothing else of it', () => {
  const changes = redactChanges(
    [
      { pointer: '/title', op: 'replace', from: 'a', to: 'b' },
      { pointer: '/token', op: 'add', to: 'hunter2' },
      { pointer: '/user', op: 'replace', from: 1, to: { mail: 'a@b.c', id: 7 } },
      { pointer: '/both/hunter2', op: 'remove', from: 1 },
      { pointer: '/both/hunter3', op: 'add', to: 1 },
    ],
    MARKS,
  );
  expect(changes).toEqual([
    { pointer: '/title', op: 'replace', from: 'a', to: 'b' },
    { pointer: '/token', op: 'add', to: REDACTED },
    { pointer: '/user', op: 'replace', from: 1, to: { mail: REDACTED, id: 7 } },
    { pointer: '/both', op: 'replace', from: REDACTED, to: REDACTED },
  ]);
});

test('concealing() hides a text that stands where an object with a marked field belongs', () => {
  const conceal = concealing(MARKS);
  expect(conceal?.source({ title: 'a', user: 'a@b.c' })).toEqual({ title: 'a', user: REDACTED });
  expect(conceal?.source({ title: 1n })).toBe(REDACTED);
  expect(conceal?.pointer('/token/hunter2/x')).toBe('/token');
  expect(conceal?.pointer('/user/id')).toBe('/user/id');
});

test('concealingAnswer() hides everything where anything is marked', async () => {
  expect(concealingAnswer(await loadHook())).toBeUndefined();
  expect(concealingAnswer(await loadHook({ payload: SCHEMA }))?.source({ a: 1 })).toBe(REDACTED);
});
