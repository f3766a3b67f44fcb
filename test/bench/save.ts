import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { picture } from './picture.ts';
import { run } from './setup.ts';
import { goals, machineLine, readmeTable, values } from './table.ts';
import type { Results } from './types.ts';

const RESULTS: URL = new URL('results.json', import.meta.url);
const PICTURE: URL = new URL('results.svg', import.meta.url);
const README: URL = new URL('../../README.md', import.meta.url);
const OWN_README: URL = new URL('README.md', import.meta.url);

/** Files that show these results, as they must be, by what they are made of. */
export function shown(results: Results): readonly (readonly [file: URL, text: string])[] {
  const own = [machineLine(results), '', goals(results), '', '### Every contender', '', values(results)].join('\n');
  return [
    [PICTURE, picture(results)],
    [README, between(readFileSync(README, 'utf8'), readmeTable(results))],
    [OWN_README, between(readFileSync(OWN_README, 'utf8'), own)],
  ];
}

/** The results that are published. */
export function published(): Results {
  return JSON.parse(readFileSync(RESULTS, 'utf8')) as Results;
}

/** Publishes them: `results.json`, the picture, and the tables between the markers of both READMEs. */
export function save(results: Results): void {
  writeFileSync(RESULTS, `${JSON.stringify(results, rounded, 2)}\n`);
  run(fileURLToPath(new URL('../../node_modules/.bin/biome', import.meta.url)), ['format', '--write', fileURLToPath(RESULTS)]);
  for (const [file, text] of shown(published())) writeFileSync(file, text);
}

/** Four digits are more than the machine gives. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

/** The page with this between its markers. */
function between(text: string, made: string): string {
  const page = /^(?<before>[\s\S]*<!-- bench: .* -->\n)[\s\S]*(?<after><!-- bench end -->[\s\S]*)$/.exec(text)?.groups;
  if (page === undefined) throw new Error('Cannot show the results: the page has no "<!-- bench: … -->" and "<!-- bench end -->"');
  return `${page['before']}\n${made}\n\n${page['after']}`;
}
