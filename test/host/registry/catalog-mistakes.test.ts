import type { HookPoint } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { catalogMistakes } from '../../../host/registry/catalog-mistakes.ts';

const closed = {
  type: 'object',
  properties: { a: { type: 'object', properties: { b: {} }, additionalProperties: false } },
  additionalProperties: false,
};
const mistakes = (changes: Partial<HookPoint>) =>
  catalogMistakes({
    name: 'app',
    hooks: { go: { description: 'x', payload: closed, ...changes }, gone: { description: 'x', payload: {} } },
  }).map(({ pointer, message }) => `${pointer} ${message}`);

test.each<[string, Partial<HookPoint>, string]>([
  ['modify without writable', { allows: ['modify'] }, '/hooks/go/allows "modify" needs "writable"'],
  ['writable without modify', { writable: ['/a'] }, '/hooks/go/writable has no effect without "modify" in "allows"'],
  ['replace without a schema', { allows: ['replace'] }, '/hooks/go/allows "replace" needs "replaceSchema"'],
  ['a schema without replace', { replaceSchema: {} }, '/hooks/go/replaceSchema has no effect without "replace" in "allows"'],
  ['a pair that does not exist', { pairs: ['gonee'] }, '/hooks/go/pairs/0 "gonee" is no hook point of this catalog; did you mean "gone"?'],
  ['a timeout over the budget', { timeoutMs: 2, budgetMs: 1 }, '/hooks/go/timeoutMs must be at most budgetMs (1); got 2'],
  [
    'a payload that is no object',
    { payload: { type: 'array' } },
    '/hooks/go/payload/type must be "object": a payload is always an object; got "array"',
  ],
  [
    'a writable pointer that does not exist',
    { allows: ['modify'], writable: ['/a/b', '/a/c'] },
    '/hooks/go/writable/1 "/a/c" does not exist: the payload\'s schema is closed and has no "c"',
  ],
  [
    'an unknown kind of sensitive field',
    { payload: { properties: { a: { items: { 'x-sensitive': 'private' } } } } },
    '/hooks/go/payload/properties/a/items/x-sensitive must be "secret" or "personal"; got "private"',
  ],
  [
    'an unknown kind in a replacement value',
    { allows: ['replace'], replaceSchema: { 'x-sensitive': null } },
    '/hooks/go/replaceSchema/x-sensitive must be "secret" or "personal"; got null',
  ],
  [
    'a payload that is sensitive as a whole',
    { payload: { $ref: '#/$defs/all', $defs: { all: { 'x-sensitive': 'secret' } } } },
    '/hooks/go/payload must not be marked "x-sensitive" as a whole: a payload is always an object; mark its fields',
  ],
])('catalogMistakes() finds %s', (_, changes, expected) => {
  expect(mistakes(changes)).toEqual([expected]);
});

test('catalogMistakes() accepts pointers an open schema may have', () => {
  const payload = { type: 'object', properties: { a: {} } };
  expect(mistakes({ payload, allows: ['modify'], writable: ['', '/a/x', '/other'] })).toEqual([]);
});
