import type { Catalog } from './catalog-section.ts';
import type { Sources } from './hook-examples.ts';

const BRIDGES = '../sdk/python/outrigger/bridges';

/** What a bridge's page says of a hook point: what takes effect in the unmodified framework that fires it, each shown by a test. */
type Proofs = ReadonlyMap<string, string>;

/** For each catalog a table of its hook points that links to their sections in HOOKS.md. */
export function hookTables(catalogs: readonly string[], sources: Sources): string {
  return catalogs
    .map((name) => {
      const catalog = sources.read<Catalog>(`catalogs/${name}/catalog.json`);
      const page = sources.textIfAny(`${BRIDGES}/${name}/README.md`) ?? '';
      return hookTable(catalog, { ...sources, proofs: proofsIn(page, Object.keys(catalog.hooks)) });
    })
    .join('\n\n');
}

/** Reads the tables of a bridge's page that have a column "hook point". One row may name several, also as `pre_*`. */
function proofsIn(page: string, hooks: readonly string[]): Proofs {
  const proofs = new Map<string, string>();
  let columns: readonly string[] = [];
  for (const line of page.split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim())
      : [];
    if (cells.length === 0) columns = [];
    else if (cells[0] === 'hook point') columns = cells;
    else if (columns.length > 0) for (const hook of namedIn(cells[0] ?? '', hooks)) proofs.set(hook, effectOf(columns, cells));
  }
  return proofs;
}

function namedIn(cell: string, hooks: readonly string[]): string[] {
  const names = [...cell.matchAll(/`([\w*]+)`/g)].map(([, name = '']) => new RegExp(`^${name.replaceAll('*', '.*')}$`));
  return hooks.filter((hook) => names.some((name) => name.test(hook)));
}

function effectOf(columns: readonly string[], cells: readonly string[]): string {
  const parts = columns.flatMap((column, at) => {
    const cell = cells[at] ?? '';
    if (cell === '–' || cell === '') return [];
    if (column.startsWith('effect') || column.startsWith('changes')) return [cell];
    if (column === 'block') return [cell.startsWith('yes') ? 'block' : cell];
    return column === 'replace' ? [`replace: ${cell}`] : [];
  });
  return parts.join('; ') || 'observed';
}

function hookTable({ name, description = '', hooks }: Catalog, { examples, proofs }: Sources & { readonly proofs: Proofs }): string {
  const count = (hook: string) => {
    const [good, bad, answers] = ['valid', 'invalid', 'answers'].map((kind) => examples(`${kind}/${name}.${hook}`).length);
    return `${good} + ${bad} + ${answers}`;
  };
  const code = (items: readonly string[] = []) => items.map((item) => `\`${item}\``).join(' ');
  const rows = Object.entries(hooks).map(
    ([hook, rules]) =>
      `| [\`${hook}\`](HOOKS.md#${name}${hook.toLowerCase()}) | ${rules.title ?? ''} | ${code(rules.allows)} | ${code(rules.writable)} | ${count(hook)} | ${proofs.has(hook) ? 'yes' : '–'} | ${proofs.get(hook) ?? '–'} |`,
  );
  return [
    `### Catalog \`${name}\``,
    `${description} ${Object.keys(hooks).length} hook points, ${proofs.size} of them fired by [the bridge](${BRIDGES}/${name}/README.md).`,
    ['| hook point | | may | writable | examples | fired | effect proven |', '|---|---|---|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}
