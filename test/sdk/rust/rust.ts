import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { testWith } from '../../support/needs.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const SDK = `${ROOT}sdk/rust/`;
/** The first build of a machine fetches and compiles serde, and waits for other tests that build. */
export const RUST_TIMEOUT = { timeout: 600_000 };
/** `test` for what needs Rust, 1.85 or later: Debian 12 has it under this name, Debian 13 as `cargo`. */
export const testWithRust = testWith('cargo', 'cargo-web');
/** `test` for what needs its formatter, which Debian has in no package of its own. */
export const testWithRustfmt = testWith('rustfmt', 'rustup');

const TARGET = `${ROOT}node_modules/.cache/outrigger-rust`;

/** What cargo prints; rejects with it when it fails. With a lock file and `--locked` nothing is fetched that cargo has already. */
export async function cargo(folder: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, CARGO_TARGET_DIR: TARGET, CARGO_TERM_COLOR: 'never' };
  try {
    const { stdout, stderr } = await promisify(execFile)('cargo', args, { cwd: folder, env, maxBuffer: 10_000_000 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`Cannot run "cargo ${args.join(' ')}" in "${folder}": ${message}\n${stdout}${stderr}`, { cause: error });
  }
}

/** A folder with the manifest and the program of a plugin in Rust, which a sandbox may read; gone when the test ends. */
export async function buildPlugin(source: string, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-rust-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  await cargo(source, ['build', '--locked']);
  copyFileSync(join(source, 'plugin.yaml'), join(folder, 'plugin.yaml'));
  copyFileSync(join(TARGET, 'debug', name), join(folder, 'plugin'));
  return folder;
}
