import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { folderTarget } from '../../host/conformance/make-target.ts';
import { runChecks } from '../../host/conformance/run-checks.ts';
import { readManifest } from '../sdk/typescript/plugin-process.ts';
import { SANDBOX, testWithRuntimes } from './samples.ts';

/** Longest time for getting and building a library. */
const INSTALL_MS = 300_000;
const MADE = /\/(lib|node_modules|target|plugin|__pycache__)$/;

/** How a sample on somebody else's library is made ready, and what it does not meet. */
export interface LibrarySample {
  /** Program it is made with, and the Debian package that brings it. */
  readonly needs: readonly [program: string, debianPackage: string];
  /** Makes the copy in this folder ready. */
  readonly install: (folder: string) => Promise<void>;
  /** Requirements that the library does not let it meet, or that it does not claim. */
  readonly unmet?: readonly string[];
  readonly level?: 1 | 2;
}

/** The test of one sample on a library: it passes what it claims, confined. `more` gets the folder, made ready. */
export function testLibrary(source: string, sample: LibrarySample, more?: (folder: string) => Promise<void>): void {
  const name = basename(source);
  const { needs, install, unmet = [], level = 1 } = sample;
  testWithRuntimes([], needs, SANDBOX)(
    `${name} passes levels 0 to ${level} in the sandbox, on a library as it is`,
    { timeout: INSTALL_MS + 60_000 },
    async () => {
      expect(readManifest(source).problems).toEqual([]);
      const folder = mkdtempSync(join(tmpdir(), `outrigger-${name}-`));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      chmodSync(folder, 0o755);
      cpSync(source, folder, { recursive: true, filter: (path) => !MADE.test(path.slice(source.length)) });
      await install(folder);

      const place = { cwd: folder, env: process.env, cacheDir: folder, isConfined: true };
      const { findings } = await runChecks(await folderTarget(folder, place), { level });
      const failed = findings.filter((finding) => finding.status === 'fail' && !unmet.includes(finding.id));
      const notClaimed = findings.filter((finding) => finding.status === 'not-claimed' && finding.level < 2).map(({ id }) => id);
      expect(failed).toEqual([]);
      expect(unmet).toEqual(expect.arrayContaining(notClaimed));
      await more?.(folder);
    },
  );
}

/** Runs a program that gets or builds a library; rejects with what it printed. */
export async function install(folder: string, command: string, ...args: readonly string[]): Promise<void> {
  const { NODE_ENV: _test, ...env } = process.env;
  await promisify(execFile)(command, args, { cwd: folder, timeout: INSTALL_MS, env });
}
