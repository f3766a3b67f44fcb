import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolName, Tools } from './types.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = join(ROOT, 'node_modules/.cache/outrigger-bench');
const PLUGGY = 'pluggy==1.6.0';

export interface Setup {
  readonly tools: Tools;
  readonly missing: Readonly<Record<string, string>>;
}

/** Installs and builds what these need. What this machine lacks is left out, with the reason. */
export async function setUp(needs: ReadonlySet<ToolName>): Promise<Setup> {
  mkdirSync(OUT, { recursive: true });
  installPeers();
  // The daemon, and an application as it is installed, run what is built.
  run(process.execPath, [join(ROOT, 'host/build.mjs')]);
  const tools: Tools = {};
  const missing: Record<string, string> = {};
  for (const need of needs) {
    try {
      tools[need] = await BUILD[need]();
    } catch (error) {
      if (need === 'bundle') throw error;
      missing[need] = (error as Error).message;
    }
  }
  return { tools, missing };
}

/** The packages ours is compared with, as the lock file has them. */
function installPeers(): void {
  const stamp = join(HERE, 'node_modules/.outrigger-lock');
  const lock = readFileSync(join(HERE, 'package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  run('npm', ['ci', '--prefix', HERE, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: HERE });
  writeFileSync(stamp, lock);
}

const BUILD: Readonly<Record<ToolName, () => string | Promise<string>>> = {
  async bundle() {
    const outfile = join(OUT, 'plugin.mjs');
    const { build } = await import('esbuild');
    await build({
      ...{ entryPoints: [join(HERE, 'plugins/plugin.ts')], outfile, bundle: true, minify: true, logLevel: 'error' },
      ...{ platform: 'node', format: 'esm', target: 'node22', absWorkingDir: ROOT, conditions: ['@outrigger/source'] },
    });
    return outfile;
  },
  python: () => run('python3', ['-c', 'import sys; print(sys.executable)']).trim(),
  pluggy() {
    const venv = join(OUT, 'python');
    const python = join(venv, 'bin/python');
    if (!existsSync(python)) run('python3', ['-m', 'venv', venv]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PLUGGY]);
    return python;
  },
  go: () => goBuild('plugins/go', 'go-plugin'),
  'go-plugin': () => goBuild('go-plugin', 'peer-go-plugin'),
  rust() {
    const target = join(ROOT, 'node_modules/.cache/outrigger-rust');
    run('cargo', ['build', '--release', '--locked', '--quiet'], { cwd: join(HERE, 'plugins/rust'), env: { CARGO_TARGET_DIR: target } });
    return join(target, 'release/bench-plugin');
  },
  sandbox: () => run('bwrap', ['--version']).trim(),
};

function goBuild(folder: string, name: string): string {
  const program = join(OUT, name);
  run('go', ['build', '-trimpath', '-o', program, '.'], { cwd: join(HERE, folder), env: { CGO_ENABLED: '0' } });
  return program;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the program printed; throws with its last words when it fails. */
export function run(command: string, args: readonly string[], { cwd = HERE, env = {} }: RunOptions = {}): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  if (done.status === 0) return done.stdout;
  const why = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  throw new Error(`Cannot run "${command} ${args.join(' ').slice(0, 120)}": ${why}`);
}
