/**
 * Bundles the host into `host/dist`: few files, for what a start costs most is the number of modules and their text. What only some starts
 * need stays in a file of its own, as its dynamic import says. The declarations beside them come from `tsc -b`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));
/** What is loaded together shares its pieces; what is a process or a thread of its own shares none, and so has fewer of them. */
const PROGRAMS = [
  ['index.ts', 'client/index.ts', 'command/index.ts'],
  ['cli/main.ts'],
  ['journal/database-worker.ts'],
  ['sandbox/attacks/attack-host.ts'],
  ['sandbox/network/listen-inside.ts', 'sandbox/network/netns-listener.ts'],
];
/** Not worth a file of its own. */
const TINY = 'fast-deep-equal';
/** Stands for the way from a built file to `dist`, until it is known which file that is. */
const DIST = '__OUTRIGGER_DIST__';
/** A daemon that runs may still load a piece that this build does not have. */
const KEEP_MS = 24 * 60 * 60 * 1000;
const OPTIONS = {
  absWorkingDir: root,
  outdir: out,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  conditions: ['@outrigger/source'],
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'error',
};

/**
 * Every module takes itself to be where it would lie in `dist` unbundled: paths mean the same in the sources and as built. Built-in modules
 * are asked for the names that are needed: an import of `node:http` reads them all, and so loads its WebSocket too, 37 ms.
 */
function asBuilt(text, file) {
  const url = `new URL('${DIST}/${file}', import.meta.url)`;
  const folder = `process.getBuiltinModule('node:path').dirname(process.getBuiltinModule('node:url').fileURLToPath(${url}))`;
  return text
    .replaceAll(/import\.meta\.(url|dirname)/g, (_, what) => (what === 'url' ? `${url}.href` : folder))
    .replaceAll(/^import (?!type )([^'";]+) from '(node:[^']+)';$/gm, (_, names, module) => {
      const wanted = names.replaceAll(/\btype [^,}]+,?/g, '').replaceAll(' as ', ': ');
      return `const ${wanted} = process.getBuiltinModule('${module}');`;
    });
}

/** Our own sources; the libraries they import are noted in `libraries` and lie in files of their own. */
function ownSources(libraries) {
  return {
    name: 'own-sources',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /[\\/]host[\\/].*\.ts$/ }, ({ path }) => {
        const file = relative(here, path).replaceAll('\\', '/').replace(/\.ts$/, '.js');
        return { contents: asBuilt(readFileSync(path, 'utf8'), file), loader: 'ts' };
      });
      // Its files are read when they are needed, where they are.
      onLoad({ filter: /[\\/]schemas[\\/]generated[\\/]catalogs\.ts$/ }, ({ path }) => {
        const place = `new URL('generated/', import.meta.resolve('@outrigger/schemas'))`;
        return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', place), loader: 'ts' };
      });
      onResolve({ filter: /^[a-z]/ }, ({ path, importer }) => {
        if (isBuiltin(path) || path === TINY || importer.includes('node_modules')) return undefined;
        libraries.add(path);
        return { path: `${DIST}/libraries/${fileOf(path)}.js`, external: true };
      });
    },
  };
}

function fileOf(library) {
  return library.replace(/\.js$/, '').replaceAll(/\W+/g, '-');
}

/** Libraries with the names that Node finds in them, CommonJS or not. */
const libraryEntries = {
  name: 'library-entries',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind }) => (kind === 'entry-point' ? { path, namespace: 'library' } : undefined));
    onLoad({ filter: /./, namespace: 'library' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^\w+$/.test(name));
      return { contents: `export { ${names.join(', ')} } from '${path}';`, resolveDir: here };
    });
    onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z]+)?$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      return { path: path.replace(/^(node:)?/, 'node:'), namespace: kind === 'require-call' ? 'required' : 'imported', sideEffects: false };
    });
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('${path}');` }));
    onLoad({ filter: /./, namespace: 'imported' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default' && /^\w+$/.test(name));
      const module = `export default /* @__PURE__ */ process.getBuiltinModule('${path}');`;
      const each = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => process.getBuiltinModule('${path}').${name})();`);
      return { contents: [module, ...each].join('\n') };
    });
  },
};

function buildProgram(entries, libraries) {
  const plugins = [ownSources(libraries)];
  return build({ ...OPTIONS, entryPoints: entries.map((file) => join(here, file)), outbase: here, sourcemap: 'linked', plugins });
}

function buildLibraries(libraries) {
  const entryPoints = [...libraries].map((library) => ({ in: library, out: `libraries/${fileOf(library)}` }));
  return build({ ...OPTIONS, entryPoints, minify: true, plugins: [libraryEntries] });
}

/** The licence of every package that is inside, each once. */
function licences(bundles) {
  const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e(\.|$)/i.test(each));
    if (file === undefined) throw new Error(`Cannot bundle "${name}": its package holds no licence`);
    return `${name} ${version}\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
  return `The files in this folder hold parts of these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** In one step, so that nobody reads half of a file. */
function put(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/** Takes away what earlier builds left; the paths of what is still too young for that. */
function sweep(folder, kept) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return path === join(out, 'dashboard') ? [] : sweep(path, kept);
    if (!/\.js(\.map)?(\.\d+\.tmp)?$/.test(path) || kept.has(path)) return [];
    // Another build may be at it too.
    const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs >= Date.now() - KEEP_MS) return [path];
    rmSync(path, { force: true });
    return [];
  });
}

const libraries = new Set();
const programs = await Promise.all(PROGRAMS.map((entries) => buildProgram(entries, libraries)));
const bundles = [await buildLibraries(libraries), ...programs];
const files = new Map();
// Pieces first: who reads an entry finds them all.
for (const { path, text } of bundles.flatMap(({ outputFiles }) => outputFiles.toReversed())) {
  files.set(path, text.replaceAll(DIST, relative(dirname(path), out).replaceAll('\\', '/') || '.'));
}
for (const [path, text] of files) put(path, text);
put(join(out, 'LICENSES.txt'), licences(bundles));
// Nobody who installs the package has a daemon of an earlier build.
const young = sweep(out, files).map((path) => `/${relative(out, path).replaceAll('\\', '/')}\n`);
put(join(out, '.npmignore'), young.sort().join(''));
