import { expect, test } from 'vitest';
import { quote } from '../../../host/protocol/describe-issues.ts';
import { explainAll } from '../../../host/protocol/validator.ts';

const string = { type: 'string' };

test.each<[string, Record<string, unknown>, unknown, string]>([
  ['enum', { enum: ['fail', 'ignore'] }, 'explode', 'must be one of "fail", "ignore"; got "explode"'],
  ['const', { const: 1 }, 2, 'must be 1; got 2'],
  ['type', string, 3, 'must be a string; got 3'],
  ['several types', { type: ['integer', 'null'] }, 'x', 'must be a whole number or null; got "x"'],
  ['minimum', { type: 'integer', minimum: 1 }, 0, 'must be at least 1; got 0'],
  ['empty text', { type: 'string', minLength: 1 }, '', 'must not be empty; got ""'],
  ['pattern', { type: 'string', pattern: '^a$' }, 'b', 'must match ^a$; got "b"'],
  ['too many', { type: 'array', items: {}, maxItems: 1 }, [1, 2], 'must have at most 1 entries; got [1,2]'],
  ['twice', { type: 'array', items: {}, uniqueItems: true }, [1, 1], 'must not hold the same item twice (items 0 and 1)'],
  ['missing key', { type: 'object', required: ['name'] }, {}, 'lacks "name"'],
  ['branches of one level', { anyOf: [string, { type: 'array', items: {} }] }, 3, 'must be a string or a list; got 3'],
])('describeIssues() %s', async (_, schema, value, expected) => {
  expect(await explainAll(schema, value)).toEqual([{ pointer: '', message: expected }]);
});

test('describeIssues() points at an unknown key and says what was meant', async () => {
  const schema = { type: 'object', properties: { priority: {} }, additionalProperties: false };
  expect(await explainAll(schema, { priorty: 1 })).toEqual([
    { pointer: '/priorty', message: 'is not known here; did you mean "priority"?' },
  ]);
  expect(await explainAll(schema, { 'a/b': 1 })).toEqual([{ pointer: '/a~1b', message: 'is not known here; known are "priority"' }]);
});

test('describeIssues() reports the branch that got furthest', async () => {
  const schema = { anyOf: [string, { type: 'object', properties: { code: string } }] };
  expect(await explainAll(schema, { code: 1 })).toEqual([{ pointer: '/code', message: 'must be a string; got 1' }]);
});

test('describeIssues() reports every mistake, at most 20', async () => {
  const schema = { type: 'array', items: string };
  expect(
    await explainAll(
      schema,
      Array.from({ length: 50 }, (_, index) => index),
    ),
  ).toHaveLength(20);
});

test('quote() cuts a long value', () => {
  expect(quote('x'.repeat(500))).toHaveLength(80);
});
