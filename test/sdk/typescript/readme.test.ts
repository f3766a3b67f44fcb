import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = readFileSync(`${root}sdk/README.md`, 'utf8');
const snippets = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)\n```/gs)].map(([, file, text]) => [file, text] as const);

test('sdk/README.md shows files', () => {
  expect(snippets.length).toBe(readme.match(/<!-- file:/g)?.length);
  expect(readme.split('\n').length).toBeLessThanOrEqual(200);
});

test.each(snippets)('sdk/README.md shows %s as it is', (file, text) => {
  expect(`${text}\n`).toBe(readFileSync(`${root}${file}`, 'utf8'));
});
