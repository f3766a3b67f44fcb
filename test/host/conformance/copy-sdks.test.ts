import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const packed = JSON.parse(readFileSync(`${ROOT}host/package.json`, 'utf8'));

test('copy-sdks gathers every SDK that a template needs, without what only its development needs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-sdks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));

  execFileSync(process.execPath, ['host/conformance/copy-sdks.mjs', join(folder, 'sdks')], { cwd: ROOT });

  const main = ['typescript/package.json', 'python/outrigger/__init__.py', 'go/go.mod', 'rust/Cargo.toml'];
  expect(main.filter((file) => !existsSync(join(folder, 'sdks/sdk', file)))).toEqual([]);
  expect(globSync('**/{tests,target,__pycache__,*_test.go}', { cwd: folder })).toEqual([]);
});

test('npm pack takes the templates, and the SDKs with them', () => {
  expect(packed.files).toContain('conformance/templates');
  expect(packed.scripts).toMatchObject({ prepack: 'node conformance/copy-sdks.mjs', postpack: 'node conformance/copy-sdks.mjs --remove' });
});
