import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { testWith } from '../../support/needs.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const SDK = `${ROOT}sdk/python`;
/** `test` for what needs Python, 3.10 or later. */
export const testWithPython = testWith('python3', 'python3');

/** What a program prints on both streams; rejects with it when it fails. No compiled Python is left behind. */
export async function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env }, maxBuffer: 10_000_000 };
    const { stdout, stderr } = await promisify(execFile)(program, args, options);
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`Cannot run "${program} ${args.join(' ')}" in "${cwd}": ${message}\n${stdout}${stderr}`, { cause: error });
  }
}

/** Runs those of the SDK's own tests whose module's name fits, and expects that at least so many pass and none is skipped. */
export async function expectOwnTests(fits: (module: string) => boolean, atLeast: number): Promise<void> {
  const modules = readdirSync(`${SDK}/tests`).flatMap((file) => /^(test_\w+)\.py$/.exec(file)?.[1] ?? []);
  const chosen = modules.filter(fits);
  const hasPytest = await run('python3', ['-c', 'import pytest'], SDK).then(
    () => true,
    () => false,
  );
  const words = hasPytest
    ? ['pytest', '-q', '-p', 'no:cacheprovider', ...chosen.map((name) => `tests/${name}.py`)]
    : ['unittest', ...chosen.map((name) => `tests.${name}`)];
  const printed = await run('python3', ['-m', ...words], SDK);

  const [, count = '0'] = /^(?:Ran )?(\d+) (?:tests|passed)/m.exec(printed) ?? [];
  console.log(`sdk/python: ${count} tests passed with ${words[0]}`);
  expect(Number(count)).toBeGreaterThanOrEqual(atLeast);
  expect(printed).not.toMatch(/skipped/);
}

/** A folder that a sandbox may read; gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-python-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  return folder;
}

/** A plugin's folder with the SDK and these packages of the package index in it, as `pip install --target` leaves it; gone when the test ends. */
export function vendored(source: string, ...requirements: readonly string[]): string {
  const folder = temporaryFolder();
  const filter = (path: string): boolean => !path.includes('__pycache__');
  cpSync(source, folder, { recursive: true, filter });
  cpSync(`${SDK}/outrigger`, join(folder, 'outrigger'), { recursive: true, filter });
  // As links: some packages have hundreds of megabytes.
  for (const requirement of requirements) execFileSync('cp', ['-rl', `${installed(requirement)}/.`, folder]);
  return folder;
}

/** A folder with a package of the package index and what that stands on, kept between runs of the tests. */
export function installed(requirement: string): string {
  const folder = join(tmpdir(), 'outrigger-test-packages', requirement);
  if (existsSync(join(folder, 'complete'))) return folder;
  const fresh = `${folder}.${randomUUID()}`;
  mkdirSync(fresh, { recursive: true });
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore', '--target', fresh];
    execFileSync('python3', [...pip, requirement], { stdio: 'pipe' });
    writeFileSync(join(fresh, 'complete'), '');
    // Another run of the tests may have been quicker.
    if (!existsSync(join(folder, 'complete'))) renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
