// Requirement × language, as it stands in sdk/README.md: node --conditions=@outrigger/source test/conformance/table.ts --write
import { readFileSync, writeFileSync } from 'node:fs';
import { REQUIREMENTS } from '../../host/conformance/requirements.ts';
import type { Report } from '../../host/conformance/types.ts';
import { findProgram } from '../../host/process/launch.ts';
import { COLUMNS } from './columns.ts';
import { judge } from './judge.ts';

const SIGNS = { pass: 'yes', fail: '**no**', 'not-claimed': '–' } as const;
const BEGIN = '<!-- conformance: made by test/conformance/table.ts -->\n';
const END = '<!-- /conformance -->\n';
const SECTION = new RegExp(`${BEGIN}([\\s\\S]*?)${END}`);
const README = new URL('../../sdk/README.md', import.meta.url);

type Column = readonly [title: string, cells: readonly string[]];

/** The cells of one plugin, in the order of the requirements. */
export function cellsOf({ findings }: Report): string[] {
  return REQUIREMENTS.map(({ id }) => {
    const finding = findings.find((one) => one.id === id);
    return finding === undefined ? '' : SIGNS[finding.status];
  });
}

/** The columns of the table in a page, by title; empty where it has none. */
export function columnsIn(page: string): ReadonlyMap<string, readonly string[]> {
  const lines = (SECTION.exec(page)?.[1] ?? '').split('\n').filter((line) => line.startsWith('|'));
  const [titles = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return new Map(titles.slice(2).map((title, index) => [title, rows.map((row) => row[index + 2] ?? '')]));
}

function tableOf(columns: readonly Column[]): string {
  const head = ['', 'a plugin …', ...columns.map(([title]) => title)];
  const rows = REQUIREMENTS.map(({ id, text }, row) => [id, text, ...columns.map(([, cells]) => cells[row] ?? '')]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** Runs what this machine can run; of the rest the table keeps what it said. */
async function makeColumns(known: ReadonlyMap<string, readonly string[]>): Promise<Column[]> {
  const columns: Column[] = [];
  for (const [title, { folder, needs }] of COLUMNS) {
    const canRun = findProgram(needs[0], '/', process.env['PATH'] ?? '') !== undefined;
    if (!canRun) console.error(`Not run: ${title}, which needs "${needs[0]}"; apt-get install ${needs[1]}`);
    const cells = canRun ? cellsOf(await judge(folder)) : known.get(title);
    if (cells !== undefined) columns.push([title, cells]);
  }
  return columns;
}

if (import.meta.main) {
  const page = readFileSync(README, 'utf8');
  const table = tableOf(await makeColumns(columnsIn(page)));
  if (process.argv.includes('--write'))
    writeFileSync(
      README,
      page.replace(SECTION, () => `${BEGIN}${table}${END}`),
    );
  else process.stdout.write(table);
}
