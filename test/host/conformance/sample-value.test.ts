import { catalogs } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { payloadsOf } from '../../../host/conformance/make-target.ts';
import { sampleValue } from '../../../host/conformance/sample-value.ts';
import { loadCatalogs } from '../../../host/registry/load-catalogs.ts';

test('payloadsOf() makes a payload that fits, for every hook point that ships', async () => {
  const { hooks } = await loadCatalogs({ names: Object.keys(catalogs) });

  const empty = [...hooks.values()].filter((hook) => {
    const required = (hook.rules.payload as { required?: string[] }).required ?? [];
    return required.length > 0 && Object.keys(payloadsOf(hook.name, hook)[0] ?? {}).length === 0;
  });

  expect(hooks.size).toBeGreaterThanOrEqual(3);
  expect(empty.map(({ name }) => name)).toEqual([]);
});

test.each([
  [{ const: 7 }, 7],
  [{ type: 'string', examples: ['shown'] }, 'shown'],
  [{ enum: ['b', 'a'] }, 'b'],
  [{ type: 'string', pattern: '^/' }, '/tmp'],
  [{ type: 'string', minLength: 13 }, 'https://example.com'],
  [{ type: 'integer', minimum: 3, multipleOf: 5 }, 5],
  [{ type: 'number', maximum: -1 }, -1],
  [{ type: 'array', minItems: 2, items: { type: 'boolean' } }, [true, true]],
  [{ type: ['null', 'boolean'] }, true],
  [{ $ref: '#/$defs/a', $defs: { a: { type: 'null' } } }, null],
  [
    { allOf: [{ properties: { a: { const: 1 } }, required: ['a'] }], properties: { b: { const: 2 } }, required: ['b'] },
    { a: 1, b: 2 },
  ],
  [{ properties: { left: {}, taken: { const: 1 } }, required: ['taken'] }, { taken: 1 }],
])('sampleValue() of %j is %j', (schema, value) => {
  expect(sampleValue(schema, 'least')).toEqual(value);
});

test('sampleValue() of everything fills in what is optional', () => {
  expect(sampleValue({ properties: { a: { const: 1 }, b: { const: 2 } }, required: ['a'] }, 'most')).toEqual({ a: 1, b: 2 });
});

test('sampleValue() ends on a schema that goes round in a circle', () => {
  const circle = { $ref: '#/$defs/node', $defs: { node: { properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] } } };

  expect(JSON.stringify(sampleValue(circle, 'least'))).toContain('{"next":{"next":');
});
