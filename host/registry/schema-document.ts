import { didYouMean } from '../protocol/did-you-mean.ts';
import { pointerBelow, unescapeToken } from '../protocol/json-pointer.ts';
import type { Issue } from '../protocol/validator.ts';
import type { Sensitivity } from './types.ts';

export type Schema = Readonly<Record<string, unknown>>;

type Holds = 'schema' | 'list' | 'map';

const MARK_KEYWORD = 'x-sensitive';
const KINDS: readonly Sensitivity[] = ['secret', 'personal'];

/** Keywords whose schemas speak about the same value; what `not` or `if` says counts too: a mark is never argued away. */
const SAME: Readonly<Record<string, Holds>> = {
  ...all('list', 'allOf anyOf oneOf'),
  ...all('schema', 'if then else not'),
  ...all('map', 'dependentSchemas dependencies'),
};
/** Keywords whose schemas speak about a part of the value. */
const PARTS: Readonly<Record<string, Holds>> = {
  ...all('map', 'properties patternProperties'),
  ...all('schema', 'additionalProperties unevaluatedProperties items unevaluatedItems contains'),
  ...all('list', 'prefixItems'),
};
const DEFINITIONS: Readonly<Record<string, Holds>> = all('map', '$defs definitions');
/** Keywords whose schemas describe no part of a value that could be kept from somebody. */
const ELSEWHERE = ['propertyNames', 'contentSchema'];

function all(holds: Holds, names: string): Record<string, Holds> {
  return Object.fromEntries(names.split(' ').map((name) => [name, holds]));
}

/** The kind a schema itself marks. */
export function markOf(schema: Schema): Sensitivity | undefined {
  return KINDS.find((kind) => kind === schema[MARK_KEYWORD]);
}

/** True when the text of the schema mentions marks at all: most do not, and cost nothing more. */
export function mentionsMarks(schema: unknown): boolean {
  return (JSON.stringify(schema) ?? '').includes(`"${MARK_KEYWORD}":`);
}

/** The schemas that speak about the same value as `schema`, itself first, references within the document followed. */
export function closure(schemas: readonly unknown[], root: Schema): Schema[] {
  const found = new Set<Schema>();
  const visit = (schema: unknown): void => {
    if (!isSchema(schema) || found.has(schema)) return;
    found.add(schema);
    for (const reference of referencesOf(schema)) visit(resolve(reference, root));
    for (const [, child] of childrenOf(schema, SAME)) visit(child);
  };
  for (const schema of schemas) visit(schema);
  return [...found];
}

/** The schemas of the parts of a value, whichever part. */
export function partsOf(schema: Schema): unknown[] {
  return childrenOf(schema, PARTS).map(([, child]) => child);
}

/** Mistakes in the marks of a schema, and references that the marks could not be followed through. */
export function markMistakes(root: Schema, pointer: string): Issue[] {
  const seen = new Set<Schema>();
  const visit = (schema: unknown, at: string): Issue[] => {
    if (!isSchema(schema) || seen.has(schema)) return [];
    seen.add(schema);
    const below = childrenOf(schema, { ...SAME, ...PARTS, ...DEFINITIONS }).flatMap(([path, child]) => visit(child, `${at}${path}`));
    return [...ownMistakes(schema, at), ...strayReferences(schema, { at, root }), ...below];
  };
  return mentionsMarks(root) ? visit(root, pointer) : [];
}

function ownMistakes(schema: Schema, at: string): Issue[] {
  const issues: Issue[] = [];
  const mark = schema[MARK_KEYWORD];
  if (mark !== undefined && markOf(schema) === undefined) {
    const message = `must be "secret" or "personal"; got ${JSON.stringify(mark)}${didYouMean(String(mark), KINDS)}`;
    issues.push({ pointer: `${at}/${MARK_KEYWORD}`, message });
  }
  for (const keyword of ELSEWHERE) {
    if (!mentionsMarks(schema[keyword])) continue;
    issues.push({ pointer: `${at}/${keyword}`, message: `"${MARK_KEYWORD}" has no effect here: mark the field that holds the value` });
  }
  return issues;
}

/** A reference that cannot be followed could hide a mark. */
function strayReferences(schema: Schema, { at, root }: { at: string; root: Schema }): Issue[] {
  const issues: Issue[] = [];
  for (const reference of referencesOf(schema)) {
    if (resolve(reference, root) !== undefined) continue;
    const message = `a schema with "${MARK_KEYWORD}" may only refer to places within itself, such as "#/$defs/name"; got ${JSON.stringify(reference)}`;
    issues.push({ pointer: at, message });
  }
  if (schema !== root && typeof schema['$id'] === 'string') {
    issues.push({ pointer: `${at}/$id`, message: `a schema with "${MARK_KEYWORD}" must not hold another with its own "$id"` });
  }
  return issues;
}

function referencesOf(schema: Schema): unknown[] {
  return [schema['$ref'], schema['$dynamicRef'], schema['$recursiveRef']].filter((reference) => reference !== undefined);
}

/** What `#`, `#/a/pointer` or `#anchor` means; undefined for anything else. */
function resolve(reference: unknown, root: Schema): Schema | boolean | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined;
  const fragment = reference.slice(1);
  const found = fragment === '' || fragment.startsWith('/') ? valueAt(fragment, root) : anchored(fragment, root);
  return isSchema(found) || typeof found === 'boolean' ? found : undefined;
}

function valueAt(fragment: string, root: Schema): unknown {
  let value: unknown = root;
  for (const token of fragment.split('/').slice(1)) {
    const key = unescapeToken(decode(token));
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Schema)[key];
  }
  return value;
}

function decode(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    // A lone percent sign stands for itself.
    return token;
  }
}

function anchored(name: string, root: Schema): Schema | undefined {
  const seen = new Set<Schema>();
  const find = (schema: unknown): Schema | undefined => {
    if (!isSchema(schema) || seen.has(schema)) return undefined;
    seen.add(schema);
    if (schema['$anchor'] === name || schema['$dynamicAnchor'] === name) return schema;
    for (const [, child] of childrenOf(schema, { ...SAME, ...PARTS, ...DEFINITIONS })) {
      const found = find(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(root);
}

function childrenOf(schema: Schema, keywords: Readonly<Record<string, Holds>>): [path: string, child: unknown][] {
  return Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    const holds = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (holds === undefined) return [];
    if (holds === 'schema') return [[`/${keyword}`, value]];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).map(([key, child]) => [pointerBelow(`/${keyword}`, key), child]);
  });
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
