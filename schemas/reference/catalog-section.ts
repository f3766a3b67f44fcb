import { fieldTable, type Schema } from './field-table.ts';

interface Hook {
  readonly description: string;
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
  readonly pairs?: readonly string[];
}

interface Catalog {
  readonly name: string;
  readonly version?: number;
  readonly description?: string;
  readonly hooks: Readonly<Record<string, Hook>>;
}

/** Every hook point of one catalog: its rules in one list, its payload as a table. */
export function catalogSection(name: string, read: <T>(path: string) => T): string {
  const catalog = read<Catalog>(`catalogs/${name}/catalog.json`);
  const schema = (file: string) => read<Schema>(`catalogs/${name}/${file}`);
  const hooks = Object.entries(catalog.hooks).map(([hook, rules]) => {
    const replaced = rules.replaceSchema ? ['', 'Value of `replace`:', '', fieldTable(schema(rules.replaceSchema))] : [];
    return [
      `#### \`${name}.${hook}\``,
      '',
      rules.description,
      '',
      ...ruleList(name, rules),
      '',
      'Payload:',
      '',
      fieldTable(schema(rules.payload)),
      ...replaced,
    ].join('\n');
  });
  return [`### Catalog \`${name}\`, version ${catalog.version ?? 1}`, catalog.description ?? '', ...hooks].join('\n\n');
}

function ruleList(catalog: string, rules: Hook): string[] {
  const code = (items: readonly string[] = []) => items.map((item) => `\`${item}\``).join(', ');
  const facts = [
    `An answer may: \`continue\`${rules.allows?.length ? `, ${code(rules.allows)}` : ' only'}`,
    rules.writable?.length ? `Writable: ${code(rules.writable)}` : '',
    `Timeout of a call ${rules.timeoutMs ?? 5000} ms, budget of the event ${rules.budgetMs ?? 30000} ms`,
    rules.onFailure ? `A failure, where nobody says otherwise: \`${rules.onFailure}\`` : '',
    rules.idempotent ? 'Idempotent: a call lost to a crash is tried once more' : '',
    rules.ordered ? 'Ordered: events of one operation reach a plugin one after another' : '',
    rules.pairs?.length ? `Same operation as ${code(rules.pairs.map((hook) => `${catalog}.${hook}`))}` : '',
  ];
  return facts.filter(Boolean).map((fact) => `- ${fact}`);
}
