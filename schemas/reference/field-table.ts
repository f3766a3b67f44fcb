/** The part of JSON Schema that our schemas use. */
export interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly uniqueItems?: boolean;
}

/** Shared by several messages: described once, under "Shared parts". */
export const SHARED: readonly string[] = ['EventContext', 'OutcomeSummary', 'Violation', 'Match', 'MatchEntry'];

/** A row for every field, those of nested objects as `outer.inner`; a sentence when there are none. `root` holds what the fields refer to. */
export function fieldTable(schema: Schema, root: Schema = schema): string {
  const rows = fieldRows(schema, '', root);
  if (rows.length === 0) return 'No fields.';
  return ['| field | type | | |', '|---|---|---|---|', ...rows].join('\n');
}

/** The schema's own fields, then a heading and a table for each of its parts that is not described `elsewhere`. */
export function schemaSection(schema: Schema, elsewhere: readonly string[] = []): string {
  const parts = Object.entries(schema.$defs ?? {}).filter(([name]) => !SHARED.includes(name) && !elsewhere.includes(name));
  return [schemaTable(schema, schema), ...parts.map(([name, part]) => partSection([name, part], schema, 3))].join('\n\n');
}

/** Heading, description and table of one part that other tables link to. */
export function partSection([name, part]: [string, Schema], root: Schema, level: number): string {
  const { description = '', allOf = [] } = part;
  const inherited = allOf.flatMap(({ $ref }) => ($ref ? [`All fields of ${typeText({ $ref })}, and:`] : []));
  const hasTable = part.properties || part.additionalProperties !== undefined;
  const body = hasTable ? schemaTable(part, root) : `${capital(typeText(part))}.`;
  return [`${'#'.repeat(level)} ${name}`, description, ...inherited, body].join('\n\n');
}

function schemaTable(schema: Schema, root: Schema): string {
  const { additionalProperties: other } = schema;
  if (schema.properties || typeof other !== 'object') return fieldTable(schema, root);
  return `Any field name. Each value: ${typeText(other)}${limitText(other)}. ${other.description ?? ''}`.trimEnd();
}

function fieldRows(schema: Schema, prefix: string, root: Schema): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix + name;
    const need = schema.required?.includes(name) ? 'required' : '';
    const target = root.$defs?.[field.$ref?.replace('#/$defs/', '') ?? ''];
    const what = `${field.description ?? target?.description ?? ''}${limitText(field)}`;
    const below = field.items ? fieldRows(field.items, `${path}[].`, root) : fieldRows(field, `${path}.`, root);
    return [`| \`${path}\` | ${typeText(field)} | ${need} | ${cell(what)} |`, ...below];
  });
}

/** The type in words, with a link where it is described elsewhere. */
export function typeText(schema: Schema): string {
  if (schema.$ref) return link(schema.$ref.replace(/^.*[/:]/, ''));
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' or ');
  if (schema.items) return `list of ${typeText(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `object of ${typeText(schema.additionalProperties)}`;
  if (schema.type === undefined) return 'any JSON';
  return [schema.type].flat().join(' or ');
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function limitText(schema: Schema): string {
  const { minLength, maxLength, minItems, maxItems, minProperties, maxProperties, propertyNames, items } = schema;
  const limits = [
    range(schema.minimum, schema.maximum, ''),
    schema.exclusiveMinimum === undefined ? '' : `more than ${schema.exclusiveMinimum}`,
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    range(minProperties, maxProperties, ' fields'),
    schema.uniqueItems ? 'no item twice' : '',
    schema.pattern ? `matches \`${schema.pattern}\`` : '',
    items?.pattern ? `items match \`${items.pattern}\`` : '',
    propertyNames?.pattern ? `names match \`${propertyNames.pattern}\`` : '',
  ].filter(Boolean);
  return limits.length === 0 ? '' : ` (${limits.join('; ')})`;
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (min === undefined && max === undefined) return '';
  if (max === undefined) return `at least ${min}${min === 1 ? unit.replace(/s$/, '') : unit}`;
  return min === undefined ? `at most ${max}${unit}` : `${min} to ${max}${unit}`;
}

/** A pipe would end the cell, also inside code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
