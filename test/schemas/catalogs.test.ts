import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Catalog, HookPoint } from '@outrigger/schemas';
import { catalogs } from '@outrigger/schemas';
import { catalog as isCatalog } from '@outrigger/schemas/validate-files';
import { describe, expect, test } from 'vitest';
import { loadCatalogs } from '../../host/registry/load-catalogs.ts';
import { everySchema, ROOT, readJson } from './every-schema.ts';

interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const names = readdirSync(new URL('catalogs/', ROOT));

/** True when a closed payload has the field that a pointer leads to, references followed. */
function exists(pointer: string, root: Schema): boolean {
  let schema: Schema | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    schema = schema?.properties?.[part];
    if (schema?.$ref) schema = root.$defs?.[schema.$ref.replace('#/$defs/', '')];
  }
  return schema !== undefined;
}

test('catalogs of the package are those of the folder', () => {
  expect(Object.keys(catalogs)).toEqual(names);
});

test('loadCatalogs() takes all of them without a mistake', async () => {
  const { hooks, problems } = await loadCatalogs({ names });

  expect(problems).toEqual([]);
  expect(hooks.size).toBe(names.flatMap((name) => Object.keys(catalogs[name]?.hooks ?? {})).length);
});

// A catalog that ships is trusted to be right; read from its folder, every rule is checked.
test.each(names)('loadCatalogs() finds no mistake in %s when it is read like any other catalog', async (name) => {
  const { hooks, problems } = await loadCatalogs({ objects: [structuredClone(catalogs[name] as Catalog)] });
  const folder = await loadCatalogs({ names: [fileURLToPath(new URL(`catalogs/${name}`, ROOT))] });

  expect([...problems, ...folder.problems]).toEqual([]);
  expect([...folder.hooks.keys()]).toEqual([...hooks.keys()]);
});

test('a part that several payloads of a catalog have is the same in all of them', () => {
  const found = new Map<string, unknown>();

  for (const { path, schema } of everySchema.filter(({ path }) => path.startsWith('catalogs/'))) {
    for (const [part, definition] of Object.entries((schema['$defs'] ?? {}) as object)) {
      expect(definition, `${part} in ${path}`).toEqual(found.get(part) ?? definition);
      found.set(part, definition);
    }
  }
});

describe.each(names)('catalog %s', (name) => {
  const source = readJson<Catalog>(`catalogs/${name}/catalog.json`);
  const hooks = Object.entries(source.hooks);
  const payloadOf = (rules: HookPoint) => readJson<Schema>(`catalogs/${name}/${String(rules.payload)}`);

  test('fits the schema, as files and with the files in their places', () => {
    expect(isCatalog(source), JSON.stringify(isCatalog.errors)).toBe(true);
    expect(isCatalog(catalogs[name]), JSON.stringify(isCatalog.errors)).toBe(true);
    expect(source.name).toBe(name);
  });

  test('uses every schema file beside it', () => {
    const used = hooks.flatMap(([, { payload, replaceSchema }]) => [payload, replaceSchema].filter(Boolean));

    expect(readdirSync(new URL(`catalogs/${name}/`, ROOT)).sort()).toEqual(['catalog.json', ...new Set(used)].sort());
  });

  test.each(hooks)('%s has rules that agree with each other', (hook, rules) => {
    const { allows = [], writable = [], replaceSchema, pairs = [], timeoutMs = 5000, budgetMs = 30_000 } = rules;

    expect(writable.length > 0).toBe(allows.includes('modify'));
    expect(replaceSchema !== undefined).toBe(allows.includes('replace'));
    expect(timeoutMs).toBeLessThanOrEqual(budgetMs);
    for (const pair of pairs) {
      expect(pair).not.toBe(hook);
      expect(source.hooks[pair]?.pairs, `"${pair}" names "${hook}" back`).toContain(hook);
    }
  });

  test.each(hooks)('%s has a payload with the $id of its place, and writable and filled fields in it', (hook, rules) => {
    const payload = payloadOf(rules);
    const filled = Object.keys(rules.fill ?? {}).map((field) => `/${field}`);

    expect(payload.$id).toBe(`urn:outrigger:catalog:${name}:${hook}`);
    expect([...(rules.writable ?? []), ...filled].filter((pointer) => !exists(pointer, payload))).toEqual([]);
  });

  test.each(hooks)('%s has a title and a sentence', (_hook, { title = '', description }) => {
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(description).toMatch(/^[A-Z].*\.$/);
  });
});
