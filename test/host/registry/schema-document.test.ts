import { expect, test } from 'vitest';
import { closure, markMistakes, mentionsMarks } from '../../../host/registry/schema-document.ts';

const mistakes = (schema: Record<string, unknown>) =>
  markMistakes(schema, '/payload').map(({ pointer, message }) => `${pointer} ${message}`);
const secret = { 'x-sensitive': 'secret' };

test.each<[string, Record<string, unknown>, string]>([
  [
    'an unknown kind',
    { properties: { a: { 'x-sensitive': 'secrets' } } },
    '/payload/properties/a/x-sensitive must be "secret" or "personal"; got "secrets"; did you mean "secret"?',
  ],
  [
    'a mark that is no text',
    { $defs: { 'a/b': { items: { 'x-sensitive': true } } } },
    '/payload/$defs/a~1b/items/x-sensitive must be "secret" or "personal"; got true',
  ],
  [
    'a mark on names',
    { propertyNames: { allOf: [secret] } },
    '/payload/propertyNames "x-sensitive" has no effect here: mark the field that holds the value',
  ],
  [
    'a reference out of the document',
    { properties: { a: secret, b: { $ref: 'urn:else#/a' } } },
    '/payload/properties/b a schema with "x-sensitive" may only refer to places within itself, such as "#/$defs/name"; got "urn:else#/a"',
  ],
  [
    'a reference to nothing',
    { properties: { a: secret, b: { $ref: '#/$defs/gone' } } },
    '/payload/properties/b a schema with "x-sensitive" may only refer to places within itself, such as "#/$defs/name"; got "#/$defs/gone"',
  ],
  [
    'a document within the document',
    { properties: { a: { $id: 'urn:inner', ...secret } } },
    '/payload/properties/a/$id a schema with "x-sensitive" must not hold another with its own "$id"',
  ],
])('markMistakes() finds %s', (_, schema, expected) => {
  expect(mistakes(schema)).toEqual([expected]);
});

test('markMistakes() leaves a schema without marks alone, wherever it refers to', () => {
  expect(mistakes({ properties: { b: { $ref: 'urn:else#/a' } }, propertyNames: { maxLength: 3 } })).toEqual([]);
});

test('markMistakes() takes data and names of fields for what they are', () => {
  const schema = { properties: { 'x-sensitive': { type: 'string' }, a: { default: { 'x-sensitive': 1 }, ...secret } } };
  expect(mistakes(schema)).toEqual([]);
});

test('mentionsMarks() is not misled by a description', () => {
  expect(mentionsMarks({ description: 'write "x-sensitive": "secret"' })).toBe(false);
  expect(mentionsMarks({ properties: { a: secret } })).toBe(true);
});

test('closure() follows pointers, anchors and circles once each', () => {
  const named = { $anchor: 'named', allOf: [{ $ref: '#' }] };
  const odd = { type: 'string' };
  const root = { $ref: '#/$defs/od~1d%20d', $dynamicRef: '#named', $defs: { 'od/d d': odd, named } };
  expect(new Set(closure([root], root))).toEqual(new Set([root, odd, named, { $ref: '#' }]));
});
