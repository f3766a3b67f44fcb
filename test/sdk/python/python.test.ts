import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderTarget } from '../../../host/conformance/make-target.ts';
import { runChecks } from '../../../host/conformance/run-checks.ts';
import type { Report } from '../../../host/conformance/types.ts';
import { attack } from '../../conformance/hostile-host.ts';
import { expectOwnTests, ROOT, run, SDK, temporaryFolder, testWithPython, vendored } from './python.ts';

const PROBE = `${ROOT}test/sdk/python/probe`;
const timeout = { timeout: 300_000 };
const readme = readFileSync(`${SDK}/README.md`, 'utf8');
const shown = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)\n```/gs)].map(([, file, text]) => [file, text] as const);
const placeOf = (folder: string) => ({ cwd: folder, env: process.env, cacheDir: join(folder, '.cache') });

test.each(shown)('sdk/python/README.md shows %s as it is', (file, text) => {
  expect(`${text}\n`).toBe(readFileSync(`${ROOT}${file}`, 'utf8'));
});

test('sdk/python/README.md names all that the package exports and all that a context has', () => {
  const exported = /__all__ = \[(.*?)\]/s.exec(readFileSync(`${SDK}/outrigger/__init__.py`, 'utf8'))?.[1] ?? '';
  const members = ['_call.py', '_context.py'].map((file) => readFileSync(`${SDK}/outrigger/${file}`, 'utf8')).join('');
  const context = /class EventFacts:(.*)class PluginContext:(.*)class Context\(/s.exec(members.replace(/class Storage:.*?(?=class)/s, ''));
  const names = [
    ...[...exported.matchAll(/"(\w+)"/g)].map(([, name = '']) => name),
    ...[...(context?.slice(1).join('') ?? '').matchAll(/^ {4}def ([a-z]\w*)\(/gm)].map(([, name = '']) => name),
  ];

  expect(names).toEqual(expect.arrayContaining(['serve', 'remaining_ms', 'fetch']));
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
});

testWithPython('the Python SDK passes its own tests of plugins', timeout, () =>
  expectOwnTests((name) => !name.startsWith('test_host'), 50),
);

testWithPython('an async plugin on the Python SDK meets every requirement', timeout, async () => {
  const report = await runChecks(await folderTarget(PROBE, placeOf(temporaryFolder())), { level: 2 });

  expect(unmet(report)).toEqual([]);
  expect(report.notClaimed).toBe(0);
});

testWithPython('an async plugin on the Python SDK survives a host that does what no host should', timeout, async () => {
  expect(await attack(await folderTarget(PROBE, placeOf(temporaryFolder())))).toEqual([]);
});

testWithPython('an async plugin on the Python SDK meets every requirement in the sandbox', timeout, async () => {
  const folder = vendored(PROBE);
  const report = await runChecks(await folderTarget(folder, { ...placeOf(folder), isConfined: true }), { level: 2 });

  expect(unmet(report)).toEqual([]);
  expect(report.notClaimed).toBe(0);
});

testWithPython('a sync plugin on the Python SDK meets all it claims in the sandbox', timeout, async () => {
  const folder = vendored(`${ROOT}sample-plugins/python-guard`);
  const report = await runChecks(await folderTarget(folder, { ...placeOf(folder), isConfined: true }), { level: 2 });

  expect(unmet(report)).toEqual([]);
});

testWithPython('pip installs the Python SDK from its folder, types and all', timeout, async ({ skip }) => {
  const folder = temporaryFolder();
  const python = join(folder, 'venv/bin/python');
  try {
    await run('python3', ['-m', 'venv', 'venv'], folder);
    await run(python, ['-m', 'pip', '--disable-pip-version-check', '--no-cache-dir', 'install', '--retries', '1', SDK], folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isMissing = /ensurepip is not available|No module named (venv|pip)|Could not find a version|Max retries|NewConnectionError/.test(
      why,
    );
    if (process.env['CI'] !== undefined || !isMissing) throw error;
    skip(`needs python3-venv and a package index for the build tool "hatchling"; apt-get install python3-venv`);
  }

  const files = await run(python, ['-c', 'import importlib.metadata as m; print(*m.files("outrigger"), sep="\\n")'], folder);
  for (const file of ['__init__.py', 'py.typed', 'testing.py', 'catalogs/conda.py']) expect(files).toContain(`outrigger/${file}\n`);
  expect(files).not.toMatch(/tests|generate/);
  const print = 'import outrigger.testing; print(outrigger.__file__)';
  expect(await run(python, ['-c', print], folder, { PYTHONPATH: '' })).toContain('site-packages');
});

function unmet({ findings }: Report): string[] {
  return findings.filter(({ status }) => status === 'fail').map(({ id, reason }) => `${id}: ${reason}`);
}
