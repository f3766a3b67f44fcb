import { readdirSync, readFileSync } from 'node:fs';

export interface AnySchema {
  readonly $id: string;
  readonly title: string;
  readonly [keyword: string]: unknown;
}

export interface SchemaFile {
  /** Below `schemas/`. */
  readonly path: string;
  /** Folder of its examples: `manifest`, `answer`, `conda.pre_command` … */
  readonly name: string;
  readonly schema: AnySchema;
}

export const ROOT: URL = new URL('../../schemas/', import.meta.url);

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8')) as T;
}

/** Every schema of the contract. */
export const everySchema: readonly SchemaFile[] = [
  '',
  'protocol/',
  ...readdirSync(new URL('catalogs/', ROOT)).map((name) => `catalogs/${name}/`),
].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT))
    .filter((file) => file.endsWith('.schema.json'))
    .map((file) => {
      const catalog = /^catalogs\/(.*)\/$/.exec(folder)?.[1];
      const name = file.replace('.schema.json', '');
      return { path: folder + file, name: catalog ? `${catalog}.${name}` : name, schema: readJson<AnySchema>(folder + file) };
    }),
);

/** Parts of the command line's schema that are no document of their own. */
const CLI_PARTS = ['trace', 'plugin', 'hook', 'mode', 'onFailure', 'problem'];

/** What examples exist for: every schema, and each document of the command line. */
export const everyDocument: readonly SchemaFile[] = everySchema.flatMap((file) => {
  if (file.name !== 'cli') return [file];
  const names = Object.keys(file.schema['$defs'] as object).filter((name) => !CLI_PARTS.includes(name));
  return names.map((name) => ({
    path: file.path,
    name: `cli.${name}`,
    schema: { $id: `${file.schema.$id}:${name}`, title: name, $ref: `${file.schema.$id}#/$defs/${name}` },
  }));
});

/** Calls `visit` with every sub-schema and its JSON Pointer. */
export function walk(node: unknown, visit: (schema: Record<string, unknown>, pointer: string) => void, pointer = ''): void {
  if (Array.isArray(node)) {
    for (const [index, item] of node.entries()) walk(item, visit, `${pointer}/${index}`);
  } else if (node !== null && typeof node === 'object') {
    visit(node as Record<string, unknown>, pointer);
    for (const [key, value] of Object.entries(node)) walk(value, visit, `${pointer}/${key}`);
  }
}
