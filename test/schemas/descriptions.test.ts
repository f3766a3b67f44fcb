import { expect, test } from 'vitest';
import { everySchema, walk } from './every-schema.ts';

type Described = Record<string, unknown>;

const byId = new Map(everySchema.map(({ schema }) => [schema.$id, schema]));

function isDescribed(field: Described, root: Described): boolean {
  if (typeof field['description'] === 'string') return field['description'].trim() !== '';
  if (typeof field['$ref'] !== 'string') return false;
  const [id = '', name] = field['$ref'].split(/#\/\$defs\/|#$/);
  const target = id === '' ? root : byId.get(id);
  const part = name ? (target?.['$defs'] as Record<string, Described> | undefined)?.[name] : target;
  return part !== undefined && isDescribed(part, target ?? root);
}

test.each(everySchema.map(({ path, schema }) => [path, schema] as const))('%s describes itself and every field', (_path, schema) => {
  const silent: string[] = isDescribed(schema, schema) ? [] : ['(the schema itself)'];

  walk(schema, (node, pointer) => {
    // Inside if/then/not, `properties` names fields that are described above.
    const isCondition = /\/(if|then|else|not)(\/|$)/.test(pointer);
    for (const keyword of isCondition ? [] : ['properties', '$defs']) {
      // A field may itself be called `properties`; its schema then has a type, a map of fields does not.
      if (/\/(properties|\$defs)$/.test(pointer)) continue;
      for (const [name, field] of Object.entries((node[keyword] ?? {}) as Record<string, Described>)) {
        if (!isDescribed(field, schema)) silent.push(`${pointer}/${keyword}/${name}`);
      }
    }
  });

  expect(silent).toEqual([]);
});

test('every schema is of draft 2020-12, has a title and an $id of its own', () => {
  const ids = everySchema.map(({ schema }) => schema.$id);
  const titles = everySchema.map(({ schema }) => schema.title);

  expect(new Set(everySchema.map(({ schema }) => schema['$schema']))).toEqual(new Set(['https://json-schema.org/draft/2020-12/schema']));
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(titles).size).toBe(titles.length);
  for (const id of ids) expect(id).toMatch(/^urn:outrigger:/);
});

test('files people type are closed, messages between versions are open', () => {
  for (const { path, schema } of everySchema) {
    // What is no object, or an object with names of the author's own, has no field to misspell.
    const isOpen = schema['type'] === 'object' && schema['additionalProperties'] === undefined;
    const isClosed = path.startsWith('catalogs/') ? !isOpen : schema['additionalProperties'] === false;
    if (/^(manifest|config|lock|catalog)\.|^catalogs\//.test(path)) expect(isClosed, path).toBe(true);
    else expect(isClosed, path).toBe(false);
  }
});

test('a definition that several messages share is the same in all of them', () => {
  const found = new Map<string, unknown>();
  const shared = ['Violation', 'EventContext', 'OutcomeSummary', 'Match', 'MatchEntry'];

  for (const { path, schema } of everySchema) {
    for (const [name, part] of Object.entries((schema['$defs'] ?? {}) as Record<string, unknown>)) {
      if (shared.includes(name) && found.has(name)) expect(part, `${name} in ${path}`).toEqual(found.get(name));
      found.set(name, part);
    }
  }
  expect([...found.keys()]).toEqual(expect.arrayContaining(shared));
});
