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
/** What is there whenever a piece of a program is loaded later, by the program's entry. The entry of the command line waits for its pieces. */
const THERE = { 'index.ts': 'index.ts', 'cli/main.ts': 'cli/run-cli.ts' };
/** Entries that do not need it. */
const ALONE = new Set(['index.ts', 'client/index.ts']);
/** Functions alone, loaded with the first call: a start makes none, and with it comes all of readline. */
const LATE = 'node:fs/promises';
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
  return withNames(text.replaceAll(/import\.meta\.(url|dirname)/g, (_, what) => (what === 'url' ? `${url}.href` : folder)));
}

function withNames(text) {
  return text.replaceAll(/^import (?!type )([^'";]+) from '(node:[^']+)';$/gm, (_, names, module) => {
    const wanted = names.replaceAll(/\btype [^,}]+,?/g, '').replaceAll(' as ', ': ');
    if (module !== LATE) return `const ${wanted} = process.getBuiltinModule('${module}');`;
    const each = [...wanted.matchAll(/(\w+)(?:: (\w+))?/g)];
    return each
      .map(([, name, own = name]) => `const ${own} = (...args) => process.getBuiltinModule('${module}').${name}(...args);`)
      .join(' ');
  });
}

/** Validators made by ajv, so that one nobody asks for is left out: a property that is set at the start would keep each. */
function asValidators(text) {
  const name = /\b(validate\d+)\.evaluated\b/g;
  // Those that call themselves are asked for it by other names.
  if (text.replaceAll(name, '').includes('.evaluated')) return text;
  return text.replaceAll(/^(?=validate\d+\.evaluated = )/gm, 'const ').replaceAll(name, '$1_evaluated');
}

/**
 * Our own sources; the libraries they import are noted in `libraries` and lie in files of their own. Each of the `pieces` imports what is
 * there by then: what they share with it is one file then, and not one for each of them.
 */
function ownSources(libraries, there, pieces) {
  const withThere = (path, text) => (pieces.has(path) ? `${text}\nimport ${JSON.stringify(join(here, there))};\n` : text);
  return {
    name: 'own-sources',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /[\\/]host[\\/].*\.ts$/ }, ({ path }) => {
        const file = relative(here, path).replaceAll('\\', '/').replace(/\.ts$/, '.js');
        return { contents: withThere(path, asBuilt(readFileSync(path, 'utf8'), file)), loader: 'ts' };
      });
      onLoad({ filter: /[\\/]schemas[\\/]generated[\\/]validate-.*\.js$/ }, ({ path }) => {
        return { contents: withThere(path, asValidators(readFileSync(path, 'utf8'))) };
      });
      // Its files are read when they are needed, where they are.
      onLoad({ filter: /[\\/]schemas[\\/]generated[\\/]catalogs\.ts$/ }, ({ path }) => {
        const place = `new URL('generated/', import.meta.resolve('@outrigger/schemas'))`;
        return { contents: withNames(readFileSync(path, 'utf8').replaceAll('import.meta.url', place)), loader: 'ts' };
      });
      onResolve({ filter: /^[a-z]/ }, ({ path, importer }) => {
        if (isBuiltin(path) || importer.includes('node_modules')) return undefined;
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
    onResolve({ filter: /^(node:)?[a-z0-9_]+(\/[a-z0-9]+)?$/ }, ({ path, kind }) => {
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

async function buildProgram(entries, libraries) {
  const entryPoints = entries.map((file) => join(here, file));
  const there = THERE[entries[0]];
  const bundle = (pieces) => {
    return build({ ...OPTIONS, entryPoints, outbase: here, sourcemap: 'linked', plugins: [ownSources(libraries, there, pieces)] });
  };
  const first = await bundle(new Set());
  if (there === undefined) return first;
  const starts = Object.values(first.metafile.outputs).flatMap(({ entryPoint }) =>
    entryPoint === undefined ? [] : [join(root, entryPoint)],
  );
  return bundle(new Set(starts.filter((path) => !ALONE.has(relative(here, path)))));
}

/** Each package apart: they have nothing worth a file that they share. */
function buildLibraries(libraries) {
  const packages = Map.groupBy(libraries, (library) => /^(@[^/]+\/)?[^/]+/.exec(library)[0]);
  const bundles = [...packages.values()].map((each) => {
    const entryPoints = each.map((library) => ({ in: library, out: `libraries/${fileOf(library)}` }));
    return build({ ...OPTIONS, entryPoints, minify: true, plugins: [libraryEntries] });
  });
  return Promise.all(bundles);
}

/** A built-in module that is imported after all would only be noticed by the clock. */
function assertNoBuiltinImports(bundles) {
  for (const [file, { imports }] of bundles.flatMap(({ metafile }) => Object.entries(metafile.outputs))) {
    const found = imports.find(({ kind, path }) => kind === 'import-statement' && isBuiltin(path));
    if (found !== undefined)
      throw new Error(`Cannot build "${file}": it imports "${found.path}" whole; write the import as the others are`);
  }
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

/** The file whose code runs first when an entry is imported: the first import of the first import … */
function firstEvaluated(path) {
  const [, next] = /^\s*(?:import|export)\b[^'";]*['"](\.[^'"]+)['"]/.exec(files.get(path)) ?? [];
  return next === undefined ? path : firstEvaluated(join(dirname(path), next));
}

/** An older Node fails at whatever it cannot do, somewhere in a library: it must be told first what is the matter. */
function sayTooOld(path) {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(OPTIONS.target);
  const why = `"Cannot load Outrigger: it needs Node ${major}.${minor} or newer, this is " + process.versions.node`;
  const check = `const [major, minor] = process.versions.node.split('.'); if (major < ${major} || (major == ${major} && minor < ${minor}))`;
  files.set(path, `{ ${check} throw new Error(${why}); }\n${files.get(path)}`);
  const map = files.get(`${path}.map`);
  // Everything lies one line further down.
  if (map !== undefined) files.set(`${path}.map`, map.replace('"mappings": "', '"mappings": ";'));
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
    // The compiler leaves the declarations of sources that are gone, which nobody has open.
    if (path.endsWith('.d.ts') && !existsSync(join(here, relative(out, path).replace(/\.d\.ts$/, '.ts')))) rmSync(path);
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
const bundles = [...(await buildLibraries(libraries)), ...programs];
assertNoBuiltinImports(bundles);
const files = new Map();
// Pieces first: who reads an entry finds them all.
for (const { path, text } of bundles.flatMap(({ outputFiles }) => outputFiles.toReversed())) {
  files.set(path, text.replaceAll(DIST, relative(dirname(path), out).replaceAll('\\', '/') || '.'));
}
const [first] = PROGRAMS;
for (const path of new Set(first.map((file) => firstEvaluated(join(out, file.replace(/\.ts$/, '.js')))))) sayTooOld(path);
for (const [path, text] of files) put(path, text);
put(join(out, 'LICENSES.txt'), licences(bundles));
// Nobody who installs the package has a daemon of an earlier build.
const young = sweep(out, files).map((path) => `/${relative(out, path).replaceAll('\\', '/')}\n`);
put(join(out, '.npmignore'), young.sort().join(''));
