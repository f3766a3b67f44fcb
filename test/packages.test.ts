import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** What `npm pack` would put into each package, by path inside the package. */
const packages = ['schemas', 'sdk/typescript', 'host'].map((folder) => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--offline', '--ignore-scripts', '--loglevel=error'], {
      cwd: `${root}${folder}`,
      encoding: 'utf8',
    }),
  ) as [{ files: { path: string }[] }];
  return { folder, files: packed.files.map(({ path }) => path) };
});

/** A declaration may name the source it was made from: TypeScript looks for the declaration beside it. */
function isThere(file: string, files: readonly string[]): boolean {
  const stem = file.replace(/\.[jt]s$/, '');
  return files.includes(file) || (stem !== file && files.includes(`${stem}.d.ts`));
}

test.each(packages)('$folder packs every file that its files import', ({ folder, files }) => {
  const missing = files
    .filter((file) => /\.m?[jt]s$/.test(file))
    .flatMap((file) =>
      [...read(`${folder}/${file}`).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, to = '']) => [
        file,
        posix.join(posix.dirname(file), to),
      ]),
    )
    .filter(([, to = '']) => !isThere(to, files));

  expect(files).toContain('package.json');
  expect(missing).toEqual([]);
});

test.each(packages)('$folder packs its licence and nothing that only development needs', ({ folder, files }) => {
  expect(read(`${folder}/LICENSE`)).toBe(read('LICENSE'));
  expect(files).toContain('LICENSE');
  expect(files.filter((file) => /\.test\.|tsbuildinfo|tsconfig|(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

test('npm start calls no program by a name that its own installation changes', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  // A shell that has run the machine's node remembers where it was, and would run that one again.
  const again = Object.values(scripts).filter((script) => /setup\.mjs.*&& node /.test(script));

  expect(again).toEqual([]);
});
