import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** What `npm pack` would put into each package, by path inside the package. */
const packages = ['schemas', 'sdk/typescript', 'host'].map((folder) => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--offline', '--ignore-scripts', '--loglevel=error'], {
      cwd: `${root}${folder}`,
      encoding: 'utf8',
    }),
  ) as [{ files: { path: string }[] }];
  return { folder, files: packed.files.map(({ path }) => path) };
});

/** A declaration may name the source it was made from: TypeScript looks for the declaration beside it. */
function isThere(file: string, files: readonly string[]): boolean {
  const stem = file.replace(/\.[jt]s$/, '');
  return files.includes(file) || (stem !== file && files.includes(`${stem}.d.ts`));
}

test.each(packages)('$folder packs every file that its files import', ({ folder, files }) => {
  const missing = files
    .filter((file) => /\.m?[jt]s$/.test(file))
    .flatMap((file) =>
      [...read(`${folder}/${file}`).matchAll(/(?:from|import|import\()\s*(['"])(\.\.?\/[^'"]+)\1/g)].map(([, , to = '']) => [
        file,
        posix.join(posix.dirname(file), to),
      ]),
    )
    .filter(([, to = '']) => !isThere(to, files));

  expect(files).toContain('package.json');
  expect(missing).toEqual([]);
});

test.each(packages)('$folder packs its licence and nothing that only development needs', ({ folder, files }) => {
  expect(read(`${folder}/LICENSE`)).toBe(read('LICENSE'));
  expect(files).toContain('LICENSE');
  expect(files.filter((file) => /\.test\.|tsbuildinfo|tsconfig|(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

describe('the host as packed', () => {
  const host = packages.find(({ folder }) => folder === 'host')?.files ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-packed-'));
  const place = join(folder, 'node_modules/outrigger');
  const node = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { HOME: folder } });

  beforeAll(() => {
    for (const file of host.filter((path) => !/\.(d\.ts|map)$/.test(path))) cpSync(`${root}host/${file}`, join(place, file));
    mkdirSync(join(folder, 'node_modules/@outrigger'));
    symlinkSync(realpathSync(`${root}node_modules/@outrigger/schemas`), join(folder, 'node_modules/@outrigger/schemas'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('starts without the libraries that are inside', () => {
    const fire = `const host = await createHost({ config: { plugins: { p: { path: './p', trust: 'full' } } } });
      console.log((await host.emit('conda.pre_command', { command: 'x', arguments: [], argv: ['x'] })).status); await host.close();`;
    cpSync(new URL('../sample-plugins/hello', import.meta.url), join(folder, 'p'), { recursive: true });

    expect(node('--input-type=module', '-e', `import { createHost } from 'outrigger'; ${fire}`)).toBe('continued\n');
    expect(node(join(place, 'bin.mjs'), '--version')).toBe(`${JSON.parse(read('host/package.json')).version}\n`);
  });

  test('loads nothing at its import that only some need', () => {
    const loaded = node('--input-type=module', '-e', `await import('outrigger'); console.log(process.moduleLoadList.join('\\n'))`).split(
      '\n',
    );

    expect(loaded).toContain('NativeModule child_process');
    expect(loaded.filter((name) => /^NativeModule (http|https|tls|sqlite|dns|internal\/deps\/undici\/undici)$/.test(name))).toEqual([]);
  });

  test.each(['outrigger', 'outrigger/client', 'outrigger/command'])(
    'says at the import of %s that Node is too old, before anything else',
    (name) => {
      const pretend = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.17.1' } })`;
      const script = `const error = await import('${name}').catch((error) => error);
      console.log(error.message, process.moduleLoadList.filter((name) => name === 'NativeModule child_process'));`;

      expect(node('--import', pretend, '--input-type=module', '-e', script)).toBe(
        'Cannot load Outrigger: it needs Node 22.18 or newer, this is 22.17.1 []\n',
      );
    },
  );

  test('has only declarations of sources that there are, and needs no package for them that it does not depend on', () => {
    const declared = host.filter((file) => file.endsWith('.d.ts'));
    const { dependencies } = JSON.parse(read('host/package.json')) as { dependencies: Record<string, string> };
    const reached = new Set(['dist/index.d.ts', 'dist/client/index.d.ts', 'dist/command/index.d.ts']);
    const foreign = new Set<string>();
    for (const file of reached) {
      for (const [, from = ''] of read(`host/${file}`).matchAll(/(?:from|import\() *['"]([^'"]+)['"]/g)) {
        if (from.startsWith('.')) reached.add(posix.join(posix.dirname(file), from.replace(/\.ts$/, '.d.ts')));
        else foreign.add(/^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from);
      }
    }

    expect(declared.filter((file) => !existsSync(`${root}host/${file.slice('dist/'.length).replace(/\.d\.ts$/, '.ts')}`))).toEqual([]);
    expect([...reached].filter((file) => !declared.includes(file))).toEqual([]);
    expect([...foreign].filter((name) => !name.startsWith('node:') && !Object.hasOwn(dependencies, name))).toEqual([]);
    expect(foreign).toContain('json-schema-to-ts');
  });

  test('holds no piece of an earlier build', () => {
    const reached = new Set(host.filter((file) => file.endsWith('.js') && !file.startsWith('dist/chunks/')));
    for (const file of reached) {
      for (const [, name] of read(`host/${file}`).matchAll(/\/([\w-]+\.js)['"]/g)) {
        const piece = `dist/chunks/${name}`;
        if (host.includes(piece)) reached.add(piece);
      }
    }
    expect(host.filter((file) => /^dist\/chunks\/.*\.js$/.test(file) && !reached.has(file))).toEqual([]);
  });

  test('names the licence of every package inside', () => {
    const maps = host.filter((file) => file.endsWith('.js.map')).map((file) => JSON.parse(read(`host/${file}`)) as { sources: string[] });
    const inside = maps.flatMap(({ sources }) => sources).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
    // Those in files of their own, and what they bring.
    const whole = [
      'ajv',
      'commander',
      'execa',
      'prom-client',
      'yaml',
      'fast-deep-equal',
      'fast-uri',
      'human-signals',
      'signal-exit',
      'tdigest',
    ];
    const text = read('host/dist/LICENSES.txt');

    const libraries = host.filter((file) => file.startsWith('dist/libraries/')).map((file) => /^\w+(-client)?/.exec(basename(file))?.[0]);
    expect([...new Set(libraries)].sort()).toEqual(whole.slice(0, 5));
    expect([...whole, ...new Set(inside)].filter((name) => !new RegExp(`^${name} \\d`, 'm').test(text))).toEqual([]);
  });
});

test('npm start calls no program by a name that its own installation changes', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  // A shell that has run the machine's node remembers where it was, and would run that one again.
  const again = Object.values(scripts).filter((script) => /setup\.mjs.*&& node /.test(script));

  expect(again).toEqual([]);
});
