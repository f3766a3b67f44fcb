import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import { ROOT, run, SDK } from '../sdk/python/python.ts';
import { testWith } from '../support/needs.ts';

export interface Packages {
  /** What they are for: the module of tests, `tests.test_bridge_…` without what is dotted here. */
  readonly bridge: string;
  /** What pip installs, with the versions that the bridge's table was made with. */
  readonly requirements: readonly string[];
}

export interface Suite extends Packages {
  /** How many tests there are at least; fewer means that some were not found. */
  readonly atLeast: number;
}

const HOST = `node --conditions=@outrigger/source ${ROOT}host/cli/main.ts`;

/** A test that runs a bridge's Python tests against the framework as the package index has it. */
export function testBridge(title: string, suite: Suite): void {
  testWith('python3', 'python3-venv')(title, { timeout: 1_200_000 }, async (context) => {
    const python = await environment(suite).catch((error: unknown) => withoutIndex(error, suite, context));
    const printed = await run(python, ['-m', 'unittest', '-v', `tests.test_bridge_${suite.bridge}`], SDK, { OUTRIGGER_BIN: HOST });

    const [, count = '0'] = /^Ran (\d+) tests/m.exec(printed) ?? [];
    console.log(`bridges/${suite.bridge}: ${count} tests passed with ${suite.requirements.join(', ')}`);
    expect(Number(count)).toBeGreaterThanOrEqual(suite.atLeast);
    expect(printed).not.toMatch(/skipped/);
  });
}

/** A Python with the requirements, made once for them and kept under the system's temporary folder. */
export async function environment({ bridge, requirements }: Packages): Promise<string> {
  const key = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), 'outrigger-test-cache', `${bridge}-${key}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, 'ready'))) return python;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', fresh], ROOT);
    await run(join(fresh, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements], ROOT);
    writeFileSync(join(fresh, 'ready'), '');
    // Its interpreter finds its packages by where it lies, so it can be moved; its scripts, which nobody calls, cannot.
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return python;
}

/** Without a way to the package index there is nothing to test, except where there has to be one. */
export function withoutIndex(error: unknown, { requirements }: Packages, context: TestContext): never {
  const isOffline = /Failed to establish a new connection|Name or service not known|Temporary failure in name resolution|ConnectTimeout/;
  if (process.env['CI'] !== undefined || !isOffline.test(String(error))) throw error;
  console.warn(`Not run: tests that need "${requirements.join(' ')}" from the package index, which cannot be reached`);
  return context.skip();
}
