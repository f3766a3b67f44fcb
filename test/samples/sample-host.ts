import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Config, HookMap, PluginEntry } from '@outrigger/schemas';
import { onTestFinished } from 'vitest';
import { createHost } from '../../host/daemon/host.ts';
import type { Host, HostOptions } from '../../host/daemon/types.ts';
import { findProgram } from '../../host/process/launch.ts';
import type { Logger } from '../../host/protocol/types.ts';
import { go } from '../sdk/go/go.ts';
import { cargo, ROOT } from '../sdk/rust/rust.ts';
import { readManifest } from '../sdk/typescript/plugin-process.ts';

const SDK_FOLDERS: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  python3: [['sdk/python/outrigger', 'outrigger']],
  node: [
    ['sdk/typescript/package.json', 'node_modules/@outrigger/sdk/package.json'],
    ['sdk/typescript/dist', 'node_modules/@outrigger/sdk/dist'],
  ],
};
/** False: this machine has no bubblewrap, and samples run unconfined. */
const IS_CONFINED: boolean = process.platform === 'linux' && findProgram('bwrap', '/', process.env['PATH'] ?? '') !== undefined;

export interface LogRecord {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface OpenSample {
  readonly host: Host<HookMap>;
  /** The copy of the plugin that runs. */
  readonly folder: string;
  readonly logs: LogRecord[];
  /** Where the host keeps the plugin's data. */
  readonly dataDir: string;
}

export interface SampleOptions {
  /** What the operator says about the plugin, beside its path, trust and grant. */
  readonly entry?: PluginEntry;
  readonly catalogs?: readonly string[];
  /** Changes the manifest of the copy before it is read. */
  readonly manifest?: (text: string) => string;
  readonly host?: Omit<HostOptions, 'config' | 'catalogs' | 'env' | 'log'>;
}

/** A host with one sample plugin, confined where that is possible, with all that its manifest asks for; closed when the test ends. */
export async function openSample(source: string, options: SampleOptions = {}): Promise<OpenSample> {
  const folder = await placeWithSdk(source);
  if (options.manifest !== undefined) writeFileSync(join(folder, 'plugin.yaml'), options.manifest(manifestText(folder)));
  const { manifest, problems } = readManifest(folder);
  if (JSON.stringify(problems) !== '[]') throw new Error(`Cannot open "${folder}": ${JSON.stringify(problems)}`);
  const home = temporaryFolder('home');
  const dataDir = join(home, 'data');
  const grant = (manifest as { permissions?: PluginEntry['grant'] }).permissions ?? {};
  const entry = { path: folder, ...(IS_CONFINED ? { grant } : { trust: 'full' as const }), ...options.entry };
  const config: Config = { catalogs: [...(options.catalogs ?? ['mellea'])], plugins: { [manifest.name]: entry }, dataDir };
  const logs: LogRecord[] = [];
  const env = { PATH: process.env['PATH'], HOME: home };
  const host = await createHost({ ...options.host, config, env, log: recorder(logs) });
  onTestFinished(() => host.close());
  if (host.problems.length > 0) throw new Error(`Cannot open "${folder}": ${JSON.stringify(host.problems)}`);
  return { host, folder, logs, dataDir };
}

/** A plugin's folder as it would be installed: built, or with its SDK in it. */
export async function placeWithSdk(source: string): Promise<string> {
  const name = basename(source);
  const folder = temporaryFolder(name);
  const leftOut = new Set(['__pycache__', 'node_modules', 'target', 'plugin', '.cargo'].map((one) => join(source, one)));
  cpSync(source, folder, { recursive: true, filter: (path) => !leftOut.has(path) });
  for (const [from, to] of SDK_FOLDERS[readManifest(source).manifest.runtime.command] ?? []) {
    cpSync(join(ROOT, from), join(folder, to), { recursive: true, filter: (path) => basename(path) !== '__pycache__' });
  }
  if (existsSync(join(source, 'go.mod'))) await go(source, ['build', '-ldflags=-s', '-o', join(folder, 'plugin'), '.']);
  if (existsSync(join(source, 'Cargo.toml'))) {
    await cargo(source, ['build', '--locked', '--quiet']);
    cpSync(join(ROOT, 'node_modules/.cache/outrigger-rust/debug', name), join(folder, 'plugin'));
  }
  return folder;
}

/** A host run by root starts plugins as another user: everybody may read it. */
function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `outrigger-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  return folder;
}

function manifestText(folder: string): string {
  return readFileSync(join(folder, 'plugin.yaml'), 'utf8');
}

function recorder(logs: LogRecord[]): Logger {
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      logs.push({ level, message, fields });
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
