import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BUILD = fileURLToPath(new URL('../../host/build.mjs', import.meta.url));

test('build.mjs keeps young pieces of an earlier build, but out of the package, and takes old ones away', () => {
  const out = mkdtempSync(join(tmpdir(), 'outrigger-build-'));
  try {
    mkdirSync(join(out, 'chunks'));
    for (const name of ['young.js', 'old.js']) writeFileSync(join(out, 'chunks', name), '');
    utimesSync(join(out, 'chunks/old.js'), 1, 1);
    execFileSync(process.execPath, [BUILD, out]);

    expect(readdirSync(join(out, 'chunks')).length).toBeGreaterThan(10);
    expect(existsSync(join(out, 'chunks/young.js'))).toBe(true);
    expect(existsSync(join(out, 'chunks/old.js'))).toBe(false);
    expect(readFileSync(join(out, '.npmignore'), 'utf8')).toBe('/chunks/young.js\n');
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);
