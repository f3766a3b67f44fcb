import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BUILD = fileURLToPath(new URL('../../host/build.mjs', import.meta.url));

test('build.mjs keeps young pieces of an earlier build, but out of the package, and takes old ones and declarations of nothing away', () => {
  const out = mkdtempSync(join(tmpdir(), 'outrigger-build-'));
  try {
    mkdirSync(join(out, 'chunks'));
    for (const name of ['young.js', 'old.js']) writeFileSync(join(out, 'chunks', name), '');
    utimesSync(join(out, 'chunks/old.js'), 1, 1);
    for (const name of ['index.d.ts', 'gone.d.ts']) writeFileSync(join(out, name), '');
    execFileSync(process.execPath, [BUILD, out]);

    expect(readdirSync(join(out, 'chunks')).length).toBeGreaterThan(10);
    expect(existsSync(join(out, 'chunks/young.js'))).toBe(true);
    expect(existsSync(join(out, 'chunks/old.js'))).toBe(false);
    expect([existsSync(join(out, 'index.d.ts')), existsSync(join(out, 'gone.d.ts'))]).toEqual([true, false]);
    expect(readFileSync(join(out, '.npmignore'), 'utf8')).toBe('/chunks/young.js\n');
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);

test('build.mjs gives the library few files to start with, without what only some hosts need, and none imports a built-in module whole', () => {
  const out = mkdtempSync(join(tmpdir(), 'outrigger-build-'));
  try {
    execFileSync(process.execPath, [BUILD, out]);
    const started = startedWith(join(out, 'index.js'));

    expect(started.length).toBeLessThanOrEqual(6);
    for (const text of started) expect(text).not.toMatch(/\bimport\b[^;(]*"node:/);
    for (const source of ['daemon/host-journal', 'daemon/services', 'registry/watch-folders'])
      expect(started.filter((text) => text.includes(`// host/${source}.ts`))).toEqual([]);
    // So that the line above can fail.
    expect(started.filter((text) => text.includes('// host/daemon/host.ts'))).toHaveLength(1);
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);

/** Texts of a built file and of all that it imports, and they, at once. */
function startedWith(file: string, known: Set<string> = new Set()): string[] {
  if (known.has(file)) return [];
  known.add(file);
  const text = readFileSync(file, 'utf8');
  const imported = [...text.matchAll(/^(?:import|export) ?(?:[^'"();]*from ?)?"(\.[^"]+)";$/gm)].map(([, path = '']) => path);
  return [text, ...imported.flatMap((path) => startedWith(join(dirname(file), path), known))];
}
