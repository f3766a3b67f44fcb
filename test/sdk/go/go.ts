import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { testWith } from '../../support/needs.ts';

/** The first build of a machine compiles the standard library. */
export const GO_TIMEOUT = { timeout: 300_000 };
/** `test` for what needs Go, 1.22 or later. */
export const testWithGo = testWith('go', 'golang-go');

/** What `go` prints; rejects with it when it fails. No toolchain and no module is downloaded. */
export function go(folder: string, args: readonly string[]): Promise<string> {
  return run('go', args, folder);
}

/** Names of files that are not laid out as gofmt does. */
export async function unformatted(folder: string): Promise<string> {
  const root = (await go(folder, ['env', 'GOROOT'])).trim();
  return run(join(root, 'bin/gofmt'), ['-l', '.'], folder);
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOPROXY: 'off', GOWORK: 'off', GOFLAGS: '-buildvcs=false' };
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, env, maxBuffer: 10_000_000 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`Cannot run "${program} ${args.join(' ')}" in "${cwd}": ${message}\n${stdout}${stderr}`, { cause: error });
  }
}

/** A folder with the manifest and the program of a plugin in Go, which a sandbox may read; gone when the test ends. */
export async function buildPlugin(source: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-go-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  copyFileSync(join(source, 'plugin.yaml'), join(folder, 'plugin.yaml'));
  await go(source, ['build', '-o', join(folder, 'plugin'), '.']);
  return folder;
}
