import { fieldTable, partSection, type Schema } from './field-table.ts';
import { hookExamples, type Sources } from './hook-examples.ts';

export interface Hook {
  readonly title?: string;
  readonly description: string;
  readonly origin?: string;
  readonly version?: number;
  readonly payload: string;
  readonly allows?: readonly string[];
  readonly writable?: readonly string[];
  readonly replaceSchema?: string;
  readonly timeoutMs?: number;
  readonly budgetMs?: number;
  readonly onFailure?: string;
  readonly idempotent?: boolean;
  readonly ordered?: boolean;
  readonly reversed?: boolean;
  readonly pairs?: readonly string[];
  readonly fill?: Readonly<Record<string, string>>;
}

export interface Catalog {
  readonly name: string;
  readonly version?: number;
  readonly description?: string;
  readonly order?: { readonly priority?: string; readonly ties?: string };
  readonly leftOut?: Readonly<Record<string, string>>;
  readonly hooks: Readonly<Record<string, Hook>>;
}

/** All of one catalog: its rules, every hook point, and the parts that their payloads share. */
export function catalogSection(name: string, sources: Sources): string {
  const catalog = sources.read<Catalog>(`catalogs/${name}/catalog.json`);
  const payloads = Object.values(catalog.hooks).map(({ payload }) => sources.read<Schema>(`catalogs/${name}/${payload}`));
  const common = commonFields(payloads);
  const hooks = Object.entries(catalog.hooks).map(([hook, rules]) => hookSection([hook, rules], { catalog: name, common, sources }));
  const everywhere = Object.keys(common.properties ?? {}).length > 0 ? ['Every payload of this catalog also has:', fieldTable(common)] : [];
  return [
    `## Catalog \`${name}\`, version ${catalog.version ?? 1}`,
    catalog.description ?? '',
    orderText(catalog.order),
    ...leftOut(catalog.leftOut),
    ...everywhere,
    ...hooks,
    ...parts(name, catalog, sources),
  ].join('\n\n');
}

function orderText({ priority = 'low-first', ties = 'configuration' }: NonNullable<Catalog['order']> = {}): string {
  const first = priority === 'high-first' ? 'the higher priority number runs first' : 'the lower priority number runs first';
  return `Order: ${first}; of equal ones, ${ties === 'name' ? 'the plugin whose name comes first' : 'the one the configuration names first'}.`;
}

function leftOut(entries: Catalog['leftOut'] = {}): string[] {
  const rows = Object.entries(entries).map(([hook, why]) => `- \`${hook}\`: ${why}`);
  return rows.length === 0 ? [] : ['Not here:', rows.join('\n')];
}

/** What all payloads of a catalog have in common, when that is enough to be said once. */
function commonFields([first, ...others]: readonly Schema[]): Schema {
  const same = Object.entries(first?.properties ?? {}).filter(
    ([name, field]) =>
      !first?.required?.includes(name) && others.every(({ properties }) => JSON.stringify(properties?.[name]) === JSON.stringify(field)),
  );
  return { properties: others.length > 0 && same.length > 2 ? Object.fromEntries(same) : {} };
}

interface Place {
  readonly catalog: string;
  readonly common: Schema;
  readonly sources: Sources;
}

function hookSection([hook, rules]: [string, Hook], { catalog, common, sources }: Place): string {
  const schema = (file: string) => sources.read<Schema>(`catalogs/${catalog}/${file}`);
  const payload = schema(rules.payload);
  const own = Object.entries(payload.properties ?? {}).filter(([name]) => !Object.hasOwn(common.properties ?? {}, name));
  return [
    `### \`${catalog}.${hook}\``,
    rules.title ? `**${rules.title}.** ${rules.description}` : rules.description,
    ruleList(catalog, rules).join('\n'),
    'Payload:',
    fieldTable({ ...payload, properties: Object.fromEntries(own) }),
    ...(rules.replaceSchema ? ['Value of `replace`:', replacement(schema(rules.replaceSchema))] : []),
    ...hookExamples(`${catalog}.${hook}`, sources),
  ].join('\n\n');
}

function replacement(schema: Schema): string {
  return schema.properties ? fieldTable(schema) : (schema.description ?? '');
}

/** Definitions that several payloads refer to, described once. */
function parts(name: string, catalog: Catalog, { read }: Sources): string[] {
  const found = new Map<string, Schema>();
  for (const { payload, replaceSchema } of Object.values(catalog.hooks)) {
    for (const file of [payload, replaceSchema]) {
      const defs = file ? read<Schema>(`catalogs/${name}/${file}`).$defs : undefined;
      for (const [part, schema] of Object.entries(defs ?? {})) found.set(part, schema);
    }
  }
  const root: Schema = { $defs: Object.fromEntries(found) };
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([part, schema]) => partSection([part, schema], root, 3));
}

function ruleList(catalog: string, rules: Hook): string[] {
  const code = (items: readonly string[] = []) => items.map((item) => `\`${item}\``).join(', ');
  const facts = [
    `An answer may: \`continue\`${rules.allows?.length ? `, ${code(rules.allows)}` : ' only'}`,
    rules.writable?.length ? `Writable: ${code(rules.writable)}` : '',
    `Timeout of a call ${rules.timeoutMs ?? 5000} ms, budget of the event ${rules.budgetMs ?? 30000} ms`,
    `A failure, where nobody says otherwise: ${rules.onFailure ? `\`${rules.onFailure}\`` : 'as the mode has it'}`,
    rules.idempotent ? 'Idempotent: a call lost to a crash is tried once more' : '',
    rules.ordered ? 'Ordered: events of one operation reach a plugin one after another' : '',
    rules.reversed ? 'Reversed: the plan runs from last to first' : '',
    rules.pairs?.length ? `Same operation as ${code(rules.pairs.map((hook) => `${catalog}.${hook}`))}` : '',
    rules.fill ? `Filled in by the host: ${code(Object.keys(rules.fill))}` : '',
    `Payload version ${rules.version ?? 1}${rules.origin ? `; there called \`${rules.origin}\`` : ''}`,
  ];
  return facts.filter(Boolean).map((fact) => `- ${fact}`);
}
