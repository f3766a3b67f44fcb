import { printable } from './printable.ts';

type Schema = Readonly<Record<string, unknown>>;

/** One field of a payload, for people. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

/** The fields of an object's schema, one level deep. */
export function schemaFields(schema: Schema): Field[] {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.entries(asSchema(schema['properties'])).map(([name, field]) => ({
    name: printable(name),
    type: [typeText(asSchema(field)), ...marksOf(field)].join(', '),
    required: required.has(name),
    description: printable(String(asSchema(field)['description'] ?? '')),
  }));
}

/** Kinds that `x-sensitive` marks in the field, as whole or in a part of it; references are not followed. */
function marksOf(field: unknown): string[] {
  const own = asSchema(field)['x-sensitive'];
  if (typeof own === 'string') return [printable(own)];
  const kinds = ['secret', 'personal'].filter((kind) => (JSON.stringify(field) ?? '').includes(`"x-sensitive":"${kind}"`));
  return kinds.length === 0 ? [] : [`in part ${kinds.join(' and ')}`];
}

/** `string[]`, `"a" | "b"`, `integer`, or `any` where the schema does not say. */
function typeText(schema: Schema): string {
  const { type, enum: values, items } = schema as { type?: unknown; enum?: unknown; items?: unknown };
  if (Array.isArray(values)) return values.map((value) => printable(JSON.stringify(value))).join(' | ');
  if (type === 'array') return items ? `${typeText(asSchema(items))}[]` : 'array';
  if (Array.isArray(type)) return type.join(' | ');
  return typeof type === 'string' ? type : 'any';
}

function asSchema(value: unknown): Schema {
  return value !== null && typeof value === 'object' ? (value as Schema) : {};
}
