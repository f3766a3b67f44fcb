import { catalogSection } from './reference/catalog-section.ts';
import { cliSection } from './reference/cli-section.ts';
import { exchange } from './reference/exchange.ts';
import { type Schema, schemaSection } from './reference/field-table.ts';
import type { Sources } from './reference/hook-examples.ts';
import { hookTables } from './reference/hook-tables.ts';
import { type Method, messageSections, methodTable } from './reference/messages.ts';

/** What the pages are made from. */
export interface ReferenceSources extends Sources {
  /** A text file of this folder. */
  readonly text: (path: string) => string;
  readonly catalogs: readonly string[];
  readonly errors: Readonly<Record<string, { readonly meaning: string; readonly wire?: number }>>;
}

type Makers = Readonly<Record<string, (...words: string[]) => string>>;

/** Makes `schemas/README.md`: `reference/page.md` with every `{{name argument …}}` filled in from the schemas. */
export function referenceMarkdown(sources: ReferenceSources): string {
  const { methods } = sources.read<{ methods: Method[] }>('methods.json');
  const schema = (path = '') => sources.read<Schema>(`${path}.schema.json`);
  const makers: Makers = {
    methods: () => methodTable(methods),
    messages: () => messageSections(methods, schema),
    section: (path, ...elsewhere) => schemaSection(schema(path), elsewhere),
    default: (path, field) => defaultOf(schema(path), field ?? ''),
    example: (path) => sources.text(`examples/valid/${path}.json`).trimEnd(),
    exchange: (framing) => exchange(framing === 'lines' ? 'lines' : 'content-length', sources.read),
    hooks: () => hookTables(sources.catalogs, sources),
    cli: () => cliSection(schema('cli')),
    errors: () => errorTable(sources.errors),
  };
  return filledIn({ page: 'README.md', template: 'reference/page.md' }, makers, sources);
}

/** Makes `schemas/HOOKS.md`: `reference/hooks.md` with all catalogs. */
export function hooksMarkdown(sources: ReferenceSources): string {
  const makers: Makers = { catalogs: () => sources.catalogs.map((name) => catalogSection(name, sources)).join('\n\n') };
  return filledIn({ page: 'HOOKS.md', template: 'reference/hooks.md' }, makers, sources);
}

function filledIn({ page, template }: { page: string; template: string }, makers: Makers, { text }: ReferenceSources): string {
  const filled = text(template).replace(/\{\{([^}]+)\}\}/g, (_whole, words: string) => {
    const [name = '', ...rest] = words.trim().split(' ');
    const make = makers[name];
    if (!make) throw new Error(`Cannot make schemas/${page}: ${template} asks for "${name}", known are ${Object.keys(makers).join(', ')}`);
    return make(...rest);
  });
  return filled.replace(/(?:^\|.*\|\n)+/gm, (table) => alignColumns(table.trimEnd().split('\n')));
}

/** As the formatter wants it, and readable without a viewer. */
function alignColumns(rows: readonly string[]): string {
  const table = rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
  const isRule = (cell: string) => /^-+$/.test(cell);
  const widthOf = (column: number) => Math.max(3, ...table.map((row) => (isRule(row[column] ?? '') ? 0 : (row[column] ?? '').length)));
  const pad = (cell: string, column: number) => (isRule(cell) ? '-'.repeat(widthOf(column)) : cell.padEnd(widthOf(column)));
  return table.map((row) => `| ${row.map(pad).join(' | ')} |\n`).join('');
}

/** The number behind `Default` in the description of a field such as `limits.queueCalls`. */
function defaultOf(schema: Schema, field: string): string {
  let node: Schema | undefined = schema;
  for (const name of field.split('.')) node = (node?.$defs?.[name] ?? node?.properties?.[name]) as Schema | undefined;
  const found = /Default `?([^`.\s]+)`?/.exec(node?.description ?? '');
  if (!found?.[1]) throw new Error(`Cannot make schemas/README.md: the description of "${field}" gives no default`);
  return found[1].replace(/\B(?=(\d{3})+$)/g, ' ');
}

function errorTable(errors: ReferenceSources['errors']): string {
  const rows = Object.entries(errors).map(([code, { meaning, wire }]) => `| \`${code}\` | ${wire ?? ''} | ${meaning} |`);
  return ['| code | number | meaning |', '|---|---|---|', ...rows].join('\n');
}
