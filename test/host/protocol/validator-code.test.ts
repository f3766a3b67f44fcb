import { expect, test } from 'vitest';
import { check, codeOf, compileTrusted } from '../../../host/protocol/validator.ts';
import { validatorFrom } from '../../../host/protocol/validator-code.ts';

test.each<[string, object, unknown, unknown]>([
  ['a type', { type: 'object', properties: { a: { type: 'string' } } }, { a: 'x' }, { a: 1 }],
  ['a length in code points', { type: 'string', maxLength: 1 }, '😀', '😀😀'],
  ['a pattern', { type: 'string', pattern: '^a+$' }, 'aa', 'b'],
  ['equal values', { enum: [{ a: [1] }] }, { a: [1] }, { a: [2] }],
  [
    'a tree',
    { $ref: '#/$defs/t', $defs: { t: { properties: { next: { $ref: '#/$defs/t' } }, required: ['n'] } } },
    { n: 1 },
    { n: 1, next: {} },
  ],
  ['a schema', { properties: { of: { $ref: 'https://json-schema.org/draft/2020-12/schema' } } }, { of: true }, { of: { type: 'nope' } }],
  ['a mark', { type: 'string', 'x-sensitive': 'secret' }, 'x', 1],
])('validatorFrom() checks %s as the schema does', async (_what, schema, good, bad) => {
  const compiled = await compileTrusted(schema as never);
  const again = validatorFrom(await codeOf(schema as never));

  expect(again(good)).toBe(true);
  expect(check(again, bad)).toEqual(check(compiled, bad));
  expect(check(again, bad)).not.toBeUndefined();
});

test.each([
  ['defines nothing', 'module.exports = 1'],
  ['asks for anything else', 'module.exports = require("node:fs").readFileSync'],
  ['is no program', 'module.exports = ('],
])('validatorFrom() refuses code that %s', (_what, code) => {
  expect(() => validatorFrom(code)).toThrow();
});
