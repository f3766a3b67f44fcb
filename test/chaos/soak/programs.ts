import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export type Program = 'typescript' | 'python' | 'go' | 'rust' | 'perl' | 'bash';

/** How plugins in one language are made. */
export interface Recipe {
  readonly env: Readonly<Record<string, string>>;
  /** Writes the program into a folder, as another file each time; the result is how it starts. */
  place(folder: string): { readonly command: string; readonly args: readonly string[] };
}

export type Programs = Readonly<Partial<Record<Program, Recipe>>>;

const HERE = fileURLToPath(new URL('plugins', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache');

/** What this machine can build and run; `missing` says of each other one why not. */
export async function setUpPrograms(wanted: readonly Program[]): Promise<{ programs: Programs; missing: Record<string, string> }> {
  mkdirSync(join(CACHE, 'outrigger-soak'), { recursive: true });
  const programs: Partial<Record<Program, Recipe>> = {};
  const missing: Record<string, string> = {};
  for (const name of wanted) {
    try {
      programs[name] = await RECIPES[name]();
    } catch (error) {
      missing[name] = (error as Error).message;
    }
  }
  return { programs, missing };
}

const RECIPES: Readonly<Record<Program, () => Recipe | Promise<Recipe>>> = {
  async typescript() {
    const outfile = join(CACHE, 'outrigger-soak/plugin.mjs');
    await build({
      ...{ entryPoints: [join(HERE, 'plugin.ts')], outfile, bundle: true, minify: true, logLevel: 'silent' },
      ...{ platform: 'node', format: 'esm', target: 'node22', absWorkingDir: ROOT, conditions: ['@outrigger/source'] },
    });
    return script('node', outfile, '//');
  },
  python() {
    run('python3', ['--version']);
    return script('python3', join(HERE, 'plugin.py'), '#', { PYTHONPATH: join(ROOT, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' });
  },
  go() {
    const out = join(CACHE, 'outrigger-soak/go-plugin');
    run('go', ['build', '-trimpath', '-o', out, '.'], { cwd: join(HERE, 'go'), env: { CGO_ENABLED: '0' } });
    return binary(out);
  },
  rust() {
    const target = join(CACHE, 'outrigger-rust');
    run('cargo', ['build', '--release', '--locked', '--quiet'], { cwd: join(HERE, 'rust'), env: { CARGO_TARGET_DIR: target } });
    return binary(join(target, 'release/soak-plugin'));
  },
  perl() {
    run('perl', ['-MJSON::PP', '-e', '1']);
    return script('perl', join(HERE, 'plugin.pl'), '#');
  },
  bash() {
    run('bash', ['--version']);
    return script('bash', join(HERE, 'plugin.sh'), '#');
  },
};

function script(command: string, source: string, comment: string, env: Readonly<Record<string, string>> = {}): Recipe {
  const text = readFileSync(source, 'utf8');
  const name = source.slice(source.lastIndexOf('/') + 1);
  let written = 0;
  const place = (folder: string): { command: string; args: readonly string[] } => {
    replace(join(folder, name), (path) => writeFileSync(path, `${text}${comment} ${written++}\n`));
    return { command, args: [name] };
  };
  return { env, place };
}

function binary(source: string): Recipe {
  const place = (folder: string): { command: string; args: readonly string[] } => {
    replace(join(folder, 'plugin'), (path) => copyFileSync(source, path));
    return { command: './plugin', args: [] };
  };
  return { env: {}, place };
}

/** A program that runs cannot be written to. */
function replace(path: string, write: (path: string) => void): void {
  write(`${path}.new`);
  renameSync(`${path}.new`, path);
}

function run(
  command: string,
  args: readonly string[],
  { cwd = HERE, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): void {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  if (done.status !== 0) throw new Error(`Cannot run "${command} ${args.join(' ')}": ${done.error?.message ?? done.stderr.trim()}`);
}
