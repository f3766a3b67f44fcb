import { expect, test } from 'vitest';
import { check, compileTrusted, compileUntrusted } from '../../../host/protocol/validator.ts';

async function untrusted(schema: unknown) {
  const result = await compileUntrusted(schema, 'configSchema');
  if ('problem' in result) throw new Error(result.problem);
  return result.validator;
}

test('compileTrusted() compiles equal content once', async () => {
  const schema = () => ({ type: 'object', properties: { a: { type: 'string' } } });
  expect(await compileTrusted(schema())).toBe(await compileTrusted(schema()));
});

test('compileTrusted() takes two schemas that claim one $id', async () => {
  const first = await compileTrusted({ $id: 'urn:test:same', type: 'object' });
  const second = await compileTrusted({ $id: 'urn:test:same', type: 'string' });
  expect([first({}), second({}), second('x')]).toEqual([true, false, true]);
});

test('compileTrusted() rejects a misspelt keyword', async () => {
  await expect(compileTrusted({ type: 'object', propertis: {} })).rejects.toThrow(/propertis/);
});

test('compileTrusted() takes draft-07 and formats', async () => {
  const validator = await compileTrusted({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'string', format: 'date' });
  expect(validator('any text')).toBe(true);
});

test('compileTrusted() says what is wrong with a schema', async () => {
  await expect(compileTrusted({ type: 'object', properties: { a: { minLength: -1 } } })).rejects.toThrow(
    'schema is invalid: data/properties/a/minLength must be >= 0',
  );
});

test('compileTrusted() takes a schema that refers to the schema of schemas', async () => {
  const validator = await compileTrusted({ properties: { of: { $ref: 'https://json-schema.org/draft/2020-12/schema' } } });
  expect([validator({ of: { type: 'string' } }), validator({ of: { type: 'nope' } })]).toEqual([true, false]);
});

test('compileUntrusted() fills in defaults', async () => {
  const validator = await untrusted({ type: 'object', properties: { greeting: { type: 'string', default: 'hi' } } });
  const value = {};
  expect(check(validator, value)).toBeUndefined();
  expect(value).toEqual({ greeting: 'hi' });
});

test.each<[string, unknown]>([
  ['a catastrophic pattern', { properties: { a: { type: 'string', pattern: '^(a+)+$' } } }],
  ['a type that does not exist', { type: 'nope' }],
  ['a keyword with the wrong value', { type: 'string', minLength: -1 }],
])('compileUntrusted() refuses %s and says whose it is', async (_, schema) => {
  expect(await compileUntrusted(schema, 'configSchema of "x"')).toEqual({
    problem: expect.stringMatching(/^Cannot use configSchema of "x": /),
  });
});

test('compileUntrusted() of the largest schema it admits does not freeze the host', async () => {
  const branch = { type: 'object', properties: { a: { type: 'string' } } };
  const validator = await untrusted({ anyOf: Array.from({ length: 240 }, () => branch) });
  expect(check(validator, { a: 'x' })).toBeUndefined();
});

test('check() describes what is wrong', async () => {
  const validator = await compileTrusted({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] });
  expect(check(validator, { a: 1 })).toEqual([{ pointer: '/a', message: 'must be a string; got 1' }]);
});

test('check() calls a value too deep to walk invalid, and does not throw', async () => {
  const validator = await compileTrusted({
    $ref: '#/$defs/tree',
    $defs: { tree: { type: 'object', properties: { next: { $ref: '#/$defs/tree' } } } },
  });
  const deep = JSON.parse(`${'{"next":'.repeat(20_000)}{}${'}'.repeat(20_000)}`);
  expect(check(validator, deep)).toEqual([{ pointer: '', message: 'is nested too deeply to be checked' }]);
});

test('check() sees __proto__ as the unknown key it is', async () => {
  const validator = await compileTrusted({ type: 'object', properties: {}, additionalProperties: false });
  expect(check(validator, JSON.parse('{"__proto__": {"admin": true}}'))).toEqual([{ pointer: '/__proto__', message: 'is not known here' }]);
});

test('compileTrusted() takes marks of sensitive fields, which a plugin may not bring', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string', 'x-sensitive': 'secret' } } };
  expect((await compileTrusted(schema))({ a: 'x' })).toBe(true);
  expect(await compileUntrusted(schema, 'configSchema')).toEqual({
    problem: 'Cannot use configSchema: "x-sensitive" at /properties/a is not among the keywords a plugin may use',
  });
});

test('check() describes mistakes without what is to be concealed', async () => {
  const validator = await compileTrusted({
    type: 'object',
    properties: { a: { type: 'object', additionalProperties: false, properties: { b: { type: 'string' } } } },
  });
  const conceal = { source: () => ({ a: 'hidden' }), pointer: (pointer: string) => pointer.slice(0, 2) };
  expect(check(validator, { a: { hunter2: 1 } }, conceal)).toEqual([{ pointer: '/a', message: 'is not known here' }]);
  expect(check(validator, { a: { b: 2 } }, conceal)).toEqual([{ pointer: '/a', message: 'must be a string; got "hidden"' }]);
  expect(check(validator, { a: { b: 'x' } }, conceal)).toBeUndefined();
});

test.each([
  ['uniqueItems', { type: 'array', uniqueItems: true }, '[{"toString":1},{"toString":1}]', '[{"toString":1},{"valueOf":1}]'],
  ['const', { const: { a: 1 } }, '{"a":1,"valueOf":2}', '{"a":1}'],
  ['enum', { enum: [{ a: 1 }, [2]] }, '{"toString":1}', '[2]'],
])('check() of %s calls nothing that the value brings', async (_what, schema, bad, good) => {
  const validators = [await compileTrusted(schema), await untrusted(schema)];

  for (const validator of validators) {
    expect(check(validator, JSON.parse(bad))).toHaveLength(1);
    expect(check(validator, JSON.parse(good))).toBeUndefined();
  }
});

test('check() of unique items goes through a long list once', async () => {
  const validator = await compileTrusted({ type: 'array', uniqueItems: true });
  const items = Array.from({ length: 50_000 }, (_, n) => ({ n }));

  expect(check(validator, items)).toBeUndefined();
  expect(check(validator, [...items, { n: 0 }])).toMatchObject([{ pointer: '' }]);
});

test('check() never throws', () => {
  const broken = Object.assign(() => {
    throw new TypeError('this rule is broken');
  }, {});

  expect(check(broken, 1)).toEqual([{ pointer: '', message: 'cannot be checked: this rule is broken' }]);
});

test('check() knows what a value has of its own from what every object has', async () => {
  const schema = { type: 'object', properties: { constructor: { type: 'string' } }, required: ['valueOf'], additionalProperties: true };
  for (const validator of [await compileTrusted(schema), await untrusted(schema)]) {
    expect(check(validator, { constructor: 'x', valueOf: 1 })).toBeUndefined();
    expect(check(validator, { constructor: 'x' })).toMatchObject([{ message: expect.stringContaining('valueOf') }]);
    expect(check(validator, { valueOf: 1 })).toBeUndefined();
  }
});
