import { expect, test } from 'vitest';
import { schemaFields } from '../../../../host/cli/print/schema-fields.ts';

test('schemaFields() gives every field with its type in a few words', () => {
  const properties = {
    a: { type: 'string', description: 'An a.' },
    b: { type: 'array', items: { type: 'string' } },
    c: { enum: ['x', 'y'] },
    d: { type: ['string', 'null'] },
    e: {},
  };
  expect(schemaFields({ type: 'object', properties, required: ['a'] })).toEqual([
    { name: 'a', type: 'string', required: true, description: 'An a.' },
    { name: 'b', type: 'string[]', required: false, description: '' },
    { name: 'c', type: '"x" | "y"', required: false, description: '' },
    { name: 'd', type: 'string | null', required: false, description: '' },
    { name: 'e', type: 'any', required: false, description: '' },
  ]);
});

test('schemaFields() of a schema without properties is empty', () => {
  expect(schemaFields({})).toEqual([]);
});

test('schemaFields() says what is sensitive, as a whole or in part', () => {
  const properties = {
    token: { type: 'string', 'x-sensitive': 'secret' },
    users: {
      type: 'array',
      items: { type: 'object', properties: { mail: { 'x-sensitive': 'personal' }, key: { 'x-sensitive': 'secret' } } },
    },
  };
  expect(schemaFields({ type: 'object', properties }).map(({ type }) => type)).toEqual([
    'string, secret',
    'object[], in part secret and personal',
  ]);
});
