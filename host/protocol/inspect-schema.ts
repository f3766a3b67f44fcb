import { errorText } from './errors.ts';

const MAX_BYTES = 32 * 1024;
const MAX_DEPTH = 16;
const MAX_SCHEMAS = 500;
/** Sub-schemas when every reference is written out: bounds the time of one check. */
const MAX_EXPANDED = 5000;
const DRAFTS = /^https?:\/\/json-schema\.org\/(draft\/2020-12|draft-07)\/schema#?$/;

const LOCAL = /^#\/(\$defs|definitions)\/([A-Za-z0-9_.-]+)$/;

/** How to go on below a keyword: it holds a schema, several, several by name, or plain data. A keyword not listed is refused. */
const KEYWORDS: Readonly<Record<string, 'schema' | 'list' | 'map' | 'data'>> = {
  ...all('schema', 'additionalProperties contains else if items not propertyNames then'),
  ...all('list', 'allOf anyOf oneOf prefixItems'),
  ...all('map', '$defs definitions properties'),
  ...all('data', '$comment $ref $schema const default deprecated description enum examples readOnly title type writeOnly'),
  ...all('data', 'exclusiveMaximum exclusiveMinimum maximum minimum multipleOf'),
  ...all('data', 'maxContains maxItems maxLength maxProperties minContains minItems minLength minProperties'),
  ...all('data', 'dependentRequired required uniqueItems'),
};

type Node = Readonly<Record<string, unknown>>;

class Refused extends Error {}

/** Why a schema that a plugin brought cannot be compiled safely; undefined when it can. Reads it, compiles nothing. */
export function inspectSchema(schema: unknown): string | undefined {
  try {
    if (sizeOf(schema) > MAX_BYTES) return `it is larger than ${MAX_BYTES / 1024} KiB`;
    visit(schema, '', 0, { schemas: 0 });
    expandedSize(schema, schema as Node, new Map());
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    if (error instanceof RangeError) return `it is nested deeper than ${MAX_DEPTH} levels`;
    return `it cannot be read: ${errorText(error)}`;
  }
}

function all<T>(kind: T, names: string): Record<string, T> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}

/** Throws a RangeError on a value too deep for JSON.stringify. */
function sizeOf(schema: unknown): number {
  return Buffer.byteLength(JSON.stringify(schema) ?? '');
}

/** Every keyword must be on the list, at every level; counts as it goes. */
function visit(node: unknown, pointer: string, depth: number, count: { schemas: number }): void {
  if (typeof node === 'boolean') return;
  if (!isObject(node)) throw new Refused(`${place(pointer)} must be a schema: an object, true or false`);
  if (depth > MAX_DEPTH) throw new Refused(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (++count.schemas > MAX_SCHEMAS) throw new Refused(`it has more than ${MAX_SCHEMAS} sub-schemas`);
  for (const [keyword, value] of Object.entries(node)) {
    const kind = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    if (kind === undefined) throw new Refused(`"${keyword}" at ${place(pointer)} is not among the keywords a plugin may use`);
    if (kind === 'data') checkData(keyword, node, pointer);
    for (const [below, child] of children(kind, keyword, value)) visit(child, `${pointer}/${keyword}${below}`, depth + 1, count);
  }
}

function children(kind: string, keyword: string, value: unknown): [below: string, child: unknown][] {
  if (kind === 'data') return [];
  if (kind === 'schema') return [['', value]];
  if (kind === 'list' ? !Array.isArray(value) : !isObject(value)) {
    throw new Refused(`"${keyword}" must hold ${kind === 'list' ? 'a list of schemas' : 'schemas by name'}`);
  }
  return Object.entries(value as object).map(([key, child]) => {
    if (key === '__proto__') throw new Refused(`the name "__proto__" below "${keyword}" is not allowed`);
    return [`/${key.replaceAll('/', '~1')}`, child];
  });
}

function checkData(keyword: string, node: Node, pointer: string): void {
  const value = node[keyword];
  if (keyword === '$schema' && (pointer !== '' || !(typeof value === 'string' && DRAFTS.test(value)))) {
    throw new Refused(`"$schema" must be draft 2020-12 or draft-07, at the top; got ${JSON.stringify(value)}`);
  }
  checkPlain(value, MAX_DEPTH);
}

function checkPlain(value: unknown, levels: number): void {
  if (value === null || typeof value !== 'object') return;
  if (levels === 0) throw new Refused(`it is nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__') throw new Refused('the name "__proto__" is not allowed');
    checkPlain(child, levels - 1);
  }
}

/** Sub-schemas a check may visit with references written out; definitions only count where they are used. */
function expandedSize(node: unknown, root: Node, sizes: Map<string, number>): number {
  if (!isObject(node)) return 1;
  let size = 1;
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword === '$ref') size += referencedSize(value, root, sizes);
    else if (keyword !== '$defs' && keyword !== 'definitions') {
      for (const [, child] of children(KEYWORDS[keyword] ?? 'data', keyword, value)) size += expandedSize(child, root, sizes);
    }
    if (size > MAX_EXPANDED) throw new Refused(`its references unfold to more than ${MAX_EXPANDED} sub-schemas`);
  }
  return size;
}

function referencedSize(reference: unknown, root: Node, sizes: Map<string, number>): number {
  const [, keyword, name] = (typeof reference === 'string' && LOCAL.exec(reference)) || [];
  const definitions = keyword === undefined ? undefined : root[keyword];
  if (name === undefined || !isObject(definitions) || !Object.hasOwn(definitions, name)) {
    throw new Refused(`"$ref" must name a definition of this document, such as "#/$defs/name"; got ${JSON.stringify(reference)}`);
  }
  const key = `${keyword}/${name}`;
  const known = sizes.get(key);
  if (known === -1) throw new Refused(`the reference "#/${key}" leads back to itself`);
  if (known !== undefined) return known;
  sizes.set(key, -1);
  const size = expandedSize(definitions[name], root, sizes);
  sizes.set(key, size);
  return size;
}

function isObject(value: unknown): value is Node {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function place(pointer: string): string {
  return pointer === '' ? 'the top' : pointer;
}
