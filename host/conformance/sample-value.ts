import { keysOf } from '../protocol/json-pointer.ts';

type Schema = Readonly<Record<string, unknown>>;

/** How much of what a schema allows goes into a sample: only what is required, or every property. */
export type Fullness = 'least' | 'most';

const MAX_DEPTH = 12;
const TEXTS = ['sample', 'a', '1', 'a.b', 'a/b', '/tmp', 'https://example.com', '2026-01-01T00:00:00Z', 'A', ''];

/** A value that fits the schema as far as such a short generator can tell; whoever needs to be sure validates it. */
export function sampleValue(schema: unknown, fullness: Fullness, root: unknown = schema, depth = 0): unknown {
  if (!isSchema(schema) || depth > MAX_DEPTH) return {};
  const given = givenValue(schema);
  if (given !== undefined) return structuredClone(given.value);
  const below = (inner: unknown): unknown => sampleValue(inner, fullness, root, depth + 1);
  if (typeof schema['$ref'] === 'string') return below(resolveRef(root, schema['$ref']));
  for (const key of ['oneOf', 'anyOf'] as const) {
    const options = schema[key];
    if (Array.isArray(options) && options.length > 0 && schema['properties'] === undefined) return below(options[0]);
  }
  if (Array.isArray(schema['allOf'])) return below(merged(schema, schema['allOf'], root));
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, fullness, below);
    case 'array':
      return Array.from({ length: Math.max(numberOf(schema['minItems'], 0), fullness === 'most' ? 1 : 0) }, () => below(schema['items']));
    case 'string':
      return sampleText(schema);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'sample';
  }
}

function givenValue(schema: Schema): { value: unknown } | undefined {
  if ('const' in schema) return { value: schema['const'] };
  if ('default' in schema) return { value: schema['default'] };
  for (const key of ['examples', 'enum']) {
    const values = schema[key];
    if (Array.isArray(values) && values.length > 0) return { value: values[0] };
  }
  return undefined;
}

function typeOf(schema: Schema): string | undefined {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return String(type.find((one) => one !== 'null') ?? 'null');
  return schema['properties'] !== undefined ? 'object' : undefined;
}

function sampleObject(schema: Schema, fullness: Fullness, below: (inner: unknown) => unknown): Record<string, unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const names = fullness === 'most' ? [...new Set([...required, ...Object.keys(properties)])] : required;
  return Object.fromEntries(names.map((name) => [name, below(properties[name] ?? {})]));
}

function sampleText(schema: Schema): string {
  const least = numberOf(schema['minLength'], 0);
  const most = numberOf(schema['maxLength'], Number.POSITIVE_INFINITY);
  const pattern = typeof schema['pattern'] === 'string' ? new RegExp(schema['pattern'], 'u') : undefined;
  const fits = (text: string): boolean => text.length >= least && text.length <= most && (pattern?.test(text) ?? true);
  return [...TEXTS, 'sample'.repeat(Math.ceil(least / 6)).slice(0, least)].find(fits) ?? 'sample';
}

function sampleNumber(schema: Schema): number {
  const step = numberOf(schema['multipleOf'], 1);
  const least = numberOf(schema['minimum'], numberOf(schema['exclusiveMinimum'], -step) + step);
  const most = numberOf(schema['maximum'], Number.POSITIVE_INFINITY);
  return Math.min(Math.ceil(least / step) * step, most) + 0;
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function merged(schema: Schema, parts: readonly unknown[], root: unknown): Schema {
  const { allOf: _allOf, ...own } = schema;
  const resolved = parts.filter(isSchema).map((part) => (typeof part['$ref'] === 'string' ? resolveRef(root, part['$ref']) : part));
  const all = [...resolved.filter(isSchema), own];
  const properties = Object.assign({}, ...all.map((part) => part['properties'] ?? {}));
  const required = all.flatMap((part) => (Array.isArray(part['required']) ? part['required'] : []));
  return { ...Object.assign({}, ...all), properties, required };
}

function resolveRef(root: unknown, ref: string): unknown {
  if (!ref.startsWith('#')) return {};
  return keysOf(ref).reduce((node: unknown, key) => (isSchema(node) ? node[key] : undefined), root);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
