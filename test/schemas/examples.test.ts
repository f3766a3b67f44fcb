import { existsSync, readdirSync } from 'node:fs';
import type { Validator } from '@outrigger/schemas';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { SERVICES } from '../../schemas/generate.ts';
import { everyDocument, everySchema, ROOT, readJson, type SchemaFile } from './every-schema.ts';

interface InvalidExample {
  readonly why: string;
  readonly pointer: string;
  readonly value: unknown;
}

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true, keywords: ['x-sensitive'] });

// Schemas refer to each other by $id.
for (const { schema } of everySchema) ajv.addSchema(schema);

/** The validator that ships, by the name `generate` gives it. */
async function precompiled({ path, name }: SchemaFile): Promise<Validator | undefined> {
  // What the command line prints is checked by its tests only.
  if (path.startsWith('cli.')) return undefined;
  const catalog = /^catalogs\/(.*?)\//.exec(path)?.[1];
  const group = catalog ? `catalog-${catalog}` : groupOf(path);
  const exportName = name.replace(catalog ? `${catalog}.` : '', '').replace(/[.\-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  const module = (await import(new URL(`generated/validate-${group}.js`, ROOT).href)) as Record<string, Validator>;
  const validator = module[exportName];
  if (!validator) throw new Error(`No precompiled validator "${exportName}" in validate-${group}.js`);
  return validator;
}

function groupOf(path: string): string {
  if (!path.startsWith('protocol/')) return 'files';
  return SERVICES.test(path) ? 'services' : 'protocol';
}

function examples(kind: 'valid' | 'invalid', name: string): string[] {
  const folder = new URL(`examples/${kind}/${name}/`, ROOT);
  return existsSync(folder) ? readdirSync(folder).map((file) => `examples/${kind}/${name}/${file}`) : [];
}

describe.each(everyDocument.map((file) => [file.name, file] as const))('schema %s', (name, file) => {
  const check = ajv.getSchema(file.schema.$id) ?? ajv.compile(file.schema);

  test('has at least one valid and two invalid examples', () => {
    expect(examples('valid', name).length).toBeGreaterThanOrEqual(1);
    expect(examples('invalid', name).length).toBeGreaterThanOrEqual(2);
  });

  test.each(examples('valid', name))('admits %s', async (path) => {
    const value = readJson(path);
    const ours = await precompiled(file);

    expect(check(value), JSON.stringify(check.errors)).toBe(true);
    if (ours) expect(ours(value), JSON.stringify(ours.errors)).toBe(true);
  });

  test.each(examples('invalid', name))('refuses %s where it says', async (path) => {
    const { why, pointer, value } = readJson<InvalidExample>(path);
    const ours = await precompiled(file);

    expect(why).not.toBe('');
    expect(check(value)).toBe(false);
    expect(check.errors?.map(({ instancePath }) => instancePath)).toContain(pointer);
    if (ours) {
      expect(ours(value)).toBe(false);
      expect(ours.errors?.map(({ instancePath }) => instancePath)).toContain(pointer);
    }
  });
});

test('every folder of examples belongs to a schema', () => {
  const names = everyDocument.map(({ name }) => name);

  for (const kind of ['valid', 'invalid', 'answers'])
    expect(names).toEqual(expect.arrayContaining(readdirSync(new URL(`examples/${kind}/`, ROOT))));
});
