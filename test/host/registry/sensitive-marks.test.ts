import { expect, test } from 'vitest';
import { compileMarks, type Marks, sensitiveFields } from '../../../host/registry/sensitive-marks.ts';

const secret = { 'x-sensitive': 'secret' };
const personal = { 'x-sensitive': 'personal' };

/** The kinds at the end of a path; a number is an item of a list. */
function kindsAt(schema: object, ...path: (string | number)[]): string[] | undefined {
  let marks: Marks | undefined = compileMarks(schema);
  for (const part of path) marks = typeof part === 'number' ? marks?.item(part) : marks?.field(part);
  return marks === undefined ? undefined : [...marks.kinds].sort();
}

test.each<[string, object, (string | number)[], string[] | undefined]>([
  ['a property', { properties: { a: secret } }, ['a'], ['secret']],
  ['no other property', { properties: { a: secret, b: {} } }, ['b'], undefined],
  ['nothing that an object has by birth', { properties: { a: secret } }, ['constructor'], undefined],
  ['a nested property', { properties: { a: { properties: { b: secret } } } }, ['a', 'b'], ['secret']],
  ['the way there', { properties: { a: { properties: { b: secret } } } }, ['a'], []],
  ['any other property', { properties: { a: {} }, additionalProperties: secret }, ['z'], ['secret']],
  ['but a named one', { properties: { a: {} }, additionalProperties: secret }, ['a'], undefined],
  ['a property no branch evaluates', { unevaluatedProperties: secret }, ['a'], ['secret']],
  ['a property by pattern', { patternProperties: { '^x-': secret } }, ['x-key'], ['secret']],
  ['no property off the pattern', { patternProperties: { '^x-': secret }, additionalProperties: {} }, ['key'], undefined],
  ['items', { properties: { a: { items: secret } } }, ['a', 7], ['secret']],
  ['a single item', { prefixItems: [{}, secret], items: personal }, [1], ['secret']],
  ['an unmarked single item', { prefixItems: [{}, secret], items: personal }, [0], undefined],
  ['items behind single ones', { prefixItems: [{}, secret], items: personal }, [2], ['personal']],
  ['items that one of must be', { contains: secret }, [3], ['secret']],
  ['a reference', { properties: { a: { $ref: '#/$defs/s' } }, $defs: { s: secret } }, ['a'], ['secret']],
  ['beside a reference', { properties: { a: { $ref: '#/$defs/s', ...secret } }, $defs: { s: personal } }, ['a'], ['personal', 'secret']],
  ['allOf', { allOf: [{ properties: { a: secret } }] }, ['a'], ['secret']],
  ['any branch of anyOf', { anyOf: [{ properties: { a: {} } }, { properties: { a: secret } }] }, ['a'], ['secret']],
  [
    'all branches of oneOf together',
    { oneOf: [{ properties: { a: personal } }, { properties: { a: secret } }] },
    ['a'],
    ['personal', 'secret'],
  ],
  ['then and else', { if: {}, else: { properties: { a: secret } } }, ['a'], ['secret']],
  ['what depends on a field', { dependentSchemas: { b: { properties: { a: secret } } } }, ['a'], ['secret']],
  ['not what stands in a definition nobody uses', { properties: { a: {} }, $defs: { s: secret } }, ['a'], undefined],
])('compileMarks() marks %s', (_, schema, path, expected) => {
  expect(kindsAt(schema, ...path)).toEqual(expected);
});

test('compileMarks() follows a schema that refers to itself to any depth', () => {
  const tree = { properties: { value: secret, children: { items: { $ref: '#' } } } };
  expect(kindsAt(tree, 'children', 0, 'children', 4, 'value')).toEqual(['secret']);
  const marks = compileMarks(tree);
  expect(marks?.field('children')?.item(9)).toBe(marks);
});

test('step() takes a number for a key and for a place', () => {
  const marks = compileMarks({ properties: { '0': secret }, items: personal });
  expect([...(marks?.step('0')?.kinds ?? [])].sort()).toEqual(['personal', 'secret']);
  expect(marks?.step('00')).toBeUndefined();
});

test('items is what any item may be', () => {
  expect([...(compileMarks({ prefixItems: [secret], items: personal })?.items?.kinds ?? [])].sort()).toEqual(['personal', 'secret']);
});

test('sensitiveFields() is undefined for a hook point without marks', () => {
  expect(sensitiveFields({ description: '', payload: { properties: { a: {} }, $defs: { s: secret } } })).toBeUndefined();
});

test('sensitiveFields() collects the kinds of payload and replacement value', () => {
  const fields = sensitiveFields({
    description: '',
    payload: { properties: { a: { properties: { b: secret } } } },
    replaceSchema: personal,
  });
  expect([...(fields?.kinds ?? [])].sort()).toEqual(['personal', 'secret']);
  expect(fields?.replace?.kinds).toEqual(['personal']);
});

test('field() keeps apart names that fit other patterns, whichever was asked first', () => {
  const marks = compileMarks({ patternProperties: { '^a': secret, b$: personal }, additionalProperties: {} });
  const kinds = (key: string): string[] | undefined => marks?.field(key) && [...(marks.field(key)?.kinds ?? [])].sort();

  expect(['a1', 'xb', 'ab', 'other', 'a2', 'yb'].map(kinds)).toEqual([
    ['secret'],
    ['personal'],
    ['personal', 'secret'],
    undefined,
    ['secret'],
    ['personal'],
  ]);
});
