import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** One plugin that the whole list is run against. */
export interface Tested {
  readonly folder: string;
  readonly name: string;
  /** Program it needs, and the Debian package that has it. */
  readonly needs: readonly [program: string, debianPackage: string];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a sample must have on the machine, by what its manifest starts or its Makefile calls. */
const PACKAGES: Readonly<Record<string, string>> = {
  bash: 'bash',
  cargo: 'cargo',
  cc: 'gcc',
  gcc: 'gcc',
  go: 'golang-go',
  java: 'default-jdk-headless',
  lua: 'lua5.4',
  'lua5.4': 'lua5.4',
  node: 'nodejs',
  perl: 'perl-base',
  php: 'php-cli',
  python3: 'python3',
  ruby: 'ruby',
};
/** They stand on libraries that their own tests install. */
const ON_LIBRARIES = /^(pygls|python-lsp|vscode|lsp-server|mcp)-/;
const COMPILERS: readonly (readonly [RegExp, string])[] = [
  [/^go\.mod$/, 'go'],
  [/^Cargo\.toml$/, 'cargo'],
  [/\.c$/, 'gcc'],
];

/** Plugins that do all the kit asks for, one for each SDK: each must pass everything. */
export const PROBES: readonly Tested[] = ['typescript', 'python', 'go', 'rust']
  .map((language) => `${ROOT}test/conformance/probes/${language}`)
  .filter((folder) => existsSync(`${folder}/plugin.yaml`))
  .map(testedIn);

/** Samples, which must pass what they claim. One that is compiled is built by its Makefile. */
export const SAMPLES: readonly Tested[] = readdirSync(`${ROOT}sample-plugins`)
  .filter((name) => !ON_LIBRARIES.test(name))
  .map((name) => `${ROOT}sample-plugins/${name}`)
  .filter((folder) => existsSync(`${folder}/plugin.yaml`))
  .map(testedIn)
  .filter(({ folder, needs: [program] }) => existsSync(`${folder}/Makefile`) || !COMPILERS.some(([, compiler]) => compiler === program));

/** Columns of the table in `sdk/README.md`: title, and the plugin that stands for the language. */
export const COLUMNS: readonly (readonly [title: string, tested: Tested])[] = [
  ...PROBES.map((probe) => [titleOf(basename(probe.folder)), probe] as const),
  ...(['bash-jq', 'perl-hello', 'ruby-hello', 'lua-hello', 'c-hello', 'java-hello', 'php-hello'] as const).flatMap((name) => {
    const sample = SAMPLES.find(({ folder }) => basename(folder) === name);
    return sample === undefined ? [] : [[`${titleOf(name.replace('-hello', ''))}, no SDK`, sample] as const];
  }),
];

function testedIn(folder: string): Tested {
  const { runtime } = parse(readFileSync(`${folder}/plugin.yaml`, 'utf8')) as { runtime: { command: string } };
  const program = runtime.command.includes('/') ? compilerOf(folder) : runtime.command;
  const debianPackage = PACKAGES[program];
  if (debianPackage === undefined) throw new Error(`Cannot test "${folder}": no package is known for "${program}"; add it to PACKAGES`);
  return { folder, name: basename(folder), needs: [program, debianPackage] };
}

function compilerOf(folder: string): string {
  const files = readdirSync(folder);
  return COMPILERS.find(([pattern]) => files.some((file) => pattern.test(file)))?.[1] ?? 'make';
}

function titleOf(language: string): string {
  const titles: Record<string, string> = { typescript: 'TypeScript', php: 'PHP', 'bash-jq': 'bash + jq' };
  return titles[language] ?? `${language.charAt(0).toUpperCase()}${language.slice(1)}`;
}
