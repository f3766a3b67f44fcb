import { readdirSync } from 'node:fs';
import type { Catalog, HookPoint } from '@outrigger/schemas';
import { catalogs } from '@outrigger/schemas';
import { catalog as isCatalog } from '@outrigger/schemas/validate-files';
import { describe, expect, test } from 'vitest';
import { ROOT, readJson } from './every-schema.ts';

interface Payload {
  readonly $id: string;
  readonly properties: Record<string, unknown>;
  readonly additionalProperties?: boolean;
}

const names = readdirSync(new URL('catalogs/', ROOT));

test('catalogs of the package are those of the folder', () => {
  expect(Object.keys(catalogs)).toEqual(names);
});

describe.each(names)('catalog %s', (name) => {
  const source = readJson<Catalog>(`catalogs/${name}/catalog.json`);
  const hooks = Object.entries(source.hooks);
  const payloadOf = (rules: HookPoint) => readJson<Payload>(`catalogs/${name}/${String(rules.payload)}`);

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

  test.each(hooks)('%s has a payload with the $id of its place, and writable pointers into it', (hook, rules) => {
    const payload = payloadOf(rules);

    expect(payload.$id).toBe(`urn:outrigger:catalog:${name}:${hook}`);
    for (const pointer of rules.writable ?? []) expect(payload.properties).toHaveProperty([pointer.split('/')[1] ?? '']);
  });
});
