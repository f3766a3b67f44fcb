import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const snippets = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)```/g)].map(([, file = '', code = '']) => ({ file, code }));

test('the README shows code before line 25 and stays within 150 lines', () => {
  const lines = readme.split('\n');

  expect(lines.findIndex((line) => line.startsWith('```')) + 1).toBeLessThan(25);
  expect(lines.length).toBeLessThanOrEqual(151);
});

test('the README holds snippets of files', () => {
  expect(snippets.length).toBeGreaterThanOrEqual(2);
});

test.each(snippets)('the README shows $file as it is', ({ file, code }) => {
  expect(code).toBe(readFileSync(`${root}${file}`, 'utf8'));
});

test("the README's application prints what its comment says", () => {
  const printed = execFileSync(process.execPath, ['--conditions=@outrigger/source', 'test/e2e/readme-application.ts'], {
    cwd: root,
    encoding: 'utf8',
  });

  expect(printed).toBe('continued 10\n');
});
