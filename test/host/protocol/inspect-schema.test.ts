import { expect, test } from 'vitest';
import { inspectSchema } from '../../../host/protocol/inspect-schema.ts';

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let schema: unknown = { type: 'string' };
  for (let i = 0; i < depth; i++) schema = wrap(schema);
  return schema;
}

const bomb = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [
    `d${i}`,
    i === 19 ? {} : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
  ]),
);

test.each<[string, unknown, RegExp]>([
  ['a pattern', { properties: { a: { pattern: '(a+)+$' } } }, /"pattern" at \/properties\/a is not among/],
  ['a pattern among keys', { patternProperties: { '(a+)+$': {} } }, /"patternProperties" at the top/],
  ['a format', { items: { format: 'regex' } }, /"format" at \/items/],
  ['an id', { $id: 'urn:x:y' }, /"\$id"/],
  ['an unknown keyword', { typ: 'string' }, /"typ"/],
  ['a dynamic reference', { $dynamicRef: '#x' }, /"\$dynamicRef"/],
  ['a reference elsewhere', { $ref: 'https://example.com/x' }, /must name a definition of this document/],
  ['a reference to the whole', { $ref: '#' }, /must name a definition of this document/],
  ['a reference to nothing', { $ref: '#/$defs/a', $defs: {} }, /must name a definition/],
  [
    'a reference that goes round',
    { $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { not: { $ref: '#/$defs/a' } } } },
    /leads back to itself/,
  ],
  ['references that multiply', { $ref: '#/$defs/d0', $defs: bomb }, /unfold to more than 5000/],
  ['another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }, /draft 2020-12 or draft-07/],
  ['too much text', { enum: ['x'.repeat(40_000)] }, /larger than 32 KiB/],
  ['300 kB of nested anyOf', nested(12, (inner) => ({ anyOf: [inner, inner] })), /larger than 32 KiB/],
  ['too many sub-schemas', { anyOf: Array.from({ length: 501 }, () => ({})) }, /more than 500 sub-schemas/],
  ['17 levels', nested(17, (inner) => ({ not: inner })), /deeper than 16 levels/],
  ['17 levels of properties', nested(17, (a) => ({ properties: { a } })), /deeper than 16 levels/],
  ['20,000 levels', nested(20_000, (inner) => ({ not: inner })), /larger than|deeper than/],
  ['a deep constant', { const: nested(60, (inner) => [inner]) }, /deeper than 16 levels/],
  ['a property called __proto__', JSON.parse('{"properties": {"__proto__": {}}}'), /"__proto__"/],
  ['a default with __proto__', JSON.parse('{"default": {"__proto__": {}}}'), /"__proto__"/],
  ['a reference that is no text', { $ref: { toString: 1 } }, /"\$ref" must name a definition/],
  ['a dialect that is no text', { $schema: { toString: 1 } }, /"\$schema" must be/],
  ['a schema that is a text', { items: 'string' }, /\/items must be a schema/],
  ['no schema at all', 3, /the top must be a schema/],
  ['properties that are a list', { properties: [] }, /must hold schemas by name/],
])('inspectSchema() refuses %s', (_, schema, reason) => {
  expect(inspectSchema(schema)).toMatch(reason);
});

test('inspectSchema() accepts what a plugin needs', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      pattern: { type: 'string', minLength: 1, default: '*' },
      format: { $ref: '#/$defs/format' },
      list: { type: 'array', items: { type: 'integer' }, uniqueItems: true, maxItems: 10 },
    },
    required: ['pattern'],
    additionalProperties: false,
    $defs: { format: { enum: ['text', 'json'] } },
  };
  expect(inspectSchema(schema)).toBeUndefined();
});

test('inspectSchema() accepts 16 levels', () => {
  expect(inspectSchema(nested(16, (inner) => ({ not: inner })))).toBeUndefined();
});
