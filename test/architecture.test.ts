import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, type Source, sourcesOf } from './support/sources.ts';

/** Each imports only from those before it; `schemas` lies before them all. */
const LAYERS = [
  'protocol',
  'process',
  'sandbox',
  'supervisor',
  'registry',
  'dispatcher',
  'journal',
  'daemon',
  'dashboard',
  'client',
  'conformance',
  'command',
  'cli',
];

/** The one place in `host/` that knows a library. */
const OWNERS: Record<string, RegExp> = {
  'prom-client': /^host\/daemon\/metrics\/prometheus\.ts$/,
  '@opentelemetry/api': /^host\/daemon\/metrics\//,
  preact: /^host\/dashboard\//,
  esbuild: /^host\/(dashboard\/)?build\.mjs$/,
  'vscode-jsonrpc': /^host\/process\/rpc\.ts$/,
  execa: /^host\/process\/launch\.ts$/,
  ajv: /^host\/protocol\/(validator|unique-items)\.ts$/,
  yaml: /^host\/(registry\/|command\/program\/config-file\.ts$)/,
  commander: /^host\/(cli\/|command\/program\/parse-argv\.ts$)/,
};

/** Who starts processes that are no plugins, by `node:child_process`, and what for. Plugins start in `process/launch.ts` alone. */
const STARTERS: readonly { readonly path: RegExp; readonly what: string }[] = [
  { path: /^host\/process\/launch\.ts$/, what: 'what execa needs beside it' },
  { path: /^host\/process\/guardian\.ts$/, what: 'the guardian of a host' },
  { path: /^host\/sandbox\//, what: 'probes, helpers of drivers and limits, attacks on a sandbox' },
  { path: /^host\/cli\/commands\/start\.ts$/, what: 'the daemon in the background' },
  { path: /^host\/daemon\/keyring\.ts$/, what: 'the program of the system’s keyring, with the user’s own environment' },
];

/** Parts of something that is tested whole: the source, and the test that would fail without it. */
const TESTED_THROUGH: Record<string, string> = {
  'host/cli/commands/dashboard.ts': 'test/e2e/daemon-http.test.ts',
  'host/cli/commands/audit.ts': 'test/e2e/daemon-operators.test.ts',
  'host/cli/commands/plugin-logs.ts': 'test/e2e/daemon-operators.test.ts',
  'host/cli/running-daemon.ts': 'test/e2e/daemon-commands.test.ts',
  'host/cli/follow-daemon.ts': 'test/e2e/daemon-commands.test.ts',
  'host/cli/journal-place.ts': 'test/e2e/daemon-operators.test.ts',
  'host/cli/plugin-levels.ts': 'test/e2e/daemon-operators.test.ts',
  'host/daemon/clients/explain-hook.ts': 'test/e2e/daemon-commands.test.ts',
  'host/daemon/until-heard.ts': 'test/host/daemon/http/log-tail.test.ts',
  'host/daemon/metrics/open-telemetry.ts': 'test/host/daemon/metrics/spans.test.ts',
  'host/dashboard/build.mjs': 'test/browser/dashboard.test.ts',
  'host/sandbox/policy/limits-of.ts': 'test/host/sandbox/policy/policy.test.ts',
  'host/cli/apply-change.ts': 'test/e2e/daemon-live.test.ts',
  'host/cli/commands/live-plugins.ts': 'test/e2e/daemon-live.test.ts',
  'host/cli/commands/reload.ts': 'test/e2e/daemon.test.ts',
  'host/daemon/http/guard.ts': 'test/host/daemon/http/dashboard.test.ts',
  'host/daemon/live/keep-last.ts': 'test/host/daemon/live/reloader.test.ts',
  'host/daemon/live/print-of.ts': 'test/host/daemon/live/reloader.test.ts',
  'host/daemon/live/roster.ts': 'test/host/daemon/live/reloader.test.ts',
  'host/supervisor/beside.ts': 'test/host/supervisor/versioned-plugin.test.ts',
  'host/cli/commands/start.ts': 'test/e2e/daemon.test.ts',
  'host/cli/commands/status.ts': 'test/e2e/daemon.test.ts',
  'host/cli/commands/stop.ts': 'test/e2e/daemon.test.ts',
  'host/cli/commands/up.ts': 'test/e2e/daemon.test.ts',
  'host/cli/daemon-call.ts': 'test/e2e/daemon.test.ts',
  'host/cli/commands/dev.ts': 'test/e2e/cli-authoring.test.ts',
  'host/cli/commands/replay.ts': 'test/e2e/cli-authoring.test.ts',
  'host/cli/commands/test.ts': 'test/e2e/cli-authoring.test.ts',
  'host/cli/parse-object.ts': 'test/e2e/cli-authoring.test.ts',
  'host/cli/with-recording.ts': 'test/e2e/cli-authoring.test.ts',
  'host/conformance/traffic-tap.ts': 'test/e2e/cli-authoring.test.ts',
  'host/cli/commands/new.ts': 'test/e2e/cli-new.test.ts',
  'host/conformance/bench.ts': 'test/host/conformance/run-checks.test.ts',
  'host/conformance/exchange-log.ts': 'test/host/conformance/wire-client.test.ts',
  'host/conformance/check-failure.ts': 'test/host/conformance/run-checks.test.ts',
  'host/conformance/messages.ts': 'test/host/conformance/run-checks.test.ts',
  'host/conformance/probe-catalog.ts': 'test/host/conformance/run-checks.test.ts',
  'host/conformance/secret-names.ts': 'test/host/conformance/run-checks.test.ts',
  'host/conformance/wire-checks.ts': 'test/host/conformance/run-checks.test.ts',
  'host/client/index.ts': 'test/host/client/connect.test.ts',
  'host/client/wire.ts': 'test/host/client/open-wire.test.ts',
  'host/daemon/clients/requests.ts': 'test/host/daemon/clients/client-connection.test.ts',
  'host/bin.mjs': 'test/e2e/cli-bin.test.ts',
  'host/index.ts': 'test/readme.test.ts',
  'host/supervisor/job.ts': 'test/host/supervisor/call-lane.test.ts',
  'host/journal/database-thread.ts': 'test/host/journal/journal.test.ts',
  'host/journal/database-worker.ts': 'test/host/journal/journal.test.ts',
  'host/journal/database.ts': 'test/host/journal/journal.test.ts',
  'host/process/terminate.ts': 'test/host/process/launch.test.ts',
  'sdk/typescript/index.ts': 'test/sdk/typescript/serve.test.ts',
  'host/cli/commands/complete.ts': 'test/host/cli/completion-scripts.test.ts',
  'host/cli/commands/completions.ts': 'test/host/cli/completion-scripts.test.ts',
  'host/cli/commands/edit-plugins.ts': 'test/e2e/cli-plugins.test.ts',
  'host/cli/commands/emit.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/commands/explain.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/commands/hooks.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/commands/plugins.ts': 'test/e2e/cli-plugins.test.ts',
  'host/cli/commands/run.ts': 'test/e2e/cli-run.test.ts',
  'host/cli/commands/sets.ts': 'test/e2e/cli-sets.test.ts',
  'host/cli/commands/secrets.ts': 'test/e2e/cli-secrets.test.ts',
  'host/cli/commands/trace.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/context.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/exit-codes.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/global-options.ts': 'test/host/cli/program.test.ts',
  'host/cli/main.ts': 'test/e2e/cli-bin.test.ts',
  'host/cli/open-host.ts': 'test/e2e/cli-run.test.ts',
  'host/cli/open-registry.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/tell-build.ts': 'test/e2e/cli-authoring.test.ts',
  'host/cli/read-hidden.ts': 'test/e2e/cli-secrets.test.ts',
  'host/cli/run-cli.ts': 'test/e2e/cli-answers.test.ts',
  'host/cli/usage-error.ts': 'test/e2e/cli-answers.test.ts',
  'host/process/inbound.ts': 'test/host/process/connection.test.ts',
  'sdk/typescript/answers.ts': 'test/sdk/typescript/testing.test.ts',
  'sdk/typescript/context.ts': 'test/sdk/typescript/serve.test.ts',
  'sdk/typescript/fetch.ts': 'test/sdk/typescript/testing.test.ts',
  'sdk/typescript/runtime.ts': 'test/sdk/typescript/serve.test.ts',
};

const FOLDERS = ['host', 'sample-plugins', 'schemas', 'sdk', 'test'];
const ROOT_FILES = [
  '.gitignore',
  '.npmrc',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'biome.json',
  'package-lock.json',
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'vitest.config.ts',
];
/** Not part of the repository, or machinery beside it. */
const BESIDE = ['.ci', '.git', '.outrigger', 'coverage', 'node_modules'];

function layerOf(path: string): number {
  return LAYERS.indexOf(/^host\/([^/]+)\//.exec(path)?.[1] ?? '');
}

/** Imports that go to the right, out of the tree, or to a package that is not for this place. */
function upwardImports(imports: readonly Import[]): string[] {
  const isWrong = ({ from, to }: Import): boolean => {
    if (layerOf(from) === -1) return false;
    if (to.startsWith('@outrigger/')) return !/^@outrigger\/schemas(\/|$)/.test(to);
    if (to === 'outrigger') return true;
    return /^(host|schemas|sdk|sample-plugins|test)\//.test(to) && (layerOf(to) === -1 || layerOf(to) > layerOf(from));
  };
  return imports.filter(isWrong).map(({ from, to }) => `${from} imports ${to}`);
}

/** Imports of a library outside the file that owns it. */
function strayLibraries(imports: readonly Import[]): string[] {
  const isStray = ({ from, to, isType }: Import): boolean => {
    const library = Object.keys(OWNERS).find((name) => to === name || to.startsWith(`${name}/`));
    return library !== undefined && !isType && !OWNERS[library]?.test(from);
  };
  return imports.filter(isStray).map(({ from, to }) => `${from} imports ${to}`);
}

/** Files that start processes and are not among the starters. */
function strayStarters(imports: readonly Import[]): string[] {
  const starting = imports.filter(({ to, isType }) => to === 'node:child_process' && !isType);
  return [...new Set(starting.map(({ from }) => from))].filter((file) => !STARTERS.some(({ path }) => path.test(file)));
}

/** Circles of imports that exist at run time, each as `a → b → a`. */
function cycles(imports: readonly Import[]): string[] {
  const below = new Map<string, string[]>();
  for (const { from, to, isType } of imports) if (!isType) below.set(from, [...(below.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) for (const next of below.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of below.keys()) visit(file, []);
  return found;
}

/** Imports of packages that are not among `allowed`. */
function foreignPackages(imports: readonly Import[], allowed: RegExp): string[] {
  const isForeign = ({ from, to }: Import): boolean => {
    if (to.startsWith('node:')) return false;
    const own = from.split('/').slice(0, 2).join('/');
    return to.includes('/') && FOLDERS.includes(to.split('/')[0] ?? '') ? !to.startsWith(`${own}/`) : !allowed.test(to);
  };
  return imports.filter(isForeign).map(({ from, to }) => `${from} imports ${to}`);
}

/**
 * Sources of which no test has the same path. A source that one neighbour alone imports is a part of that neighbour, and
 * tested when the neighbour is.
 */
function untested(sources: readonly Source[], hasTest: (path: string) => boolean): string[] {
  const imports = sources.flatMap(importsOf);
  const ownerOf = (path: string): string | undefined => {
    const importers = [...new Set(imports.filter(({ to }) => to === path).map(({ from }) => from))];
    return importers.length === 1 && posix.dirname(importers[0] ?? '') === posix.dirname(path) ? importers[0] : undefined;
  };
  const isTested = (path: string): boolean => {
    if (hasTest(testOf(path)) || path in TESTED_THROUGH) return true;
    const owner = ownerOf(path);
    return owner !== undefined && isTested(owner);
  };
  return sources.map(({ path }) => path).filter((path) => !/(^|\/)types\.ts$/.test(path) && !isTested(path));
}

function testOf(path: string): string {
  return `test/${path.replace(/\.m?[jt]s$/, '.test.ts')}`;
}

const host = sourcesOf('host');
const sdk = sourcesOf('sdk/typescript');
const schemas = sourcesOf('schemas');
const samples = sourcesOf('sample-plugins').filter(({ path }) => !path.startsWith('sample-plugins/demo/'));
const importsIn = (sources: readonly Source[]): Import[] => sources.flatMap(importsOf);
const made = (path: string, text: string): Import[] => importsOf({ path, text });
const fromRoot = (path: string): URL => new URL(`../${path}`, import.meta.url);

describe('importsOf()', () => {
  test('finds every form of import and tells types from values', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from '../b/b.ts';",
      "import './c.ts';",
      "export * from 'd';",
      "export type { E } from 'e';",
      'import {\n  f,\n  type G,\n} from "nothing"; // double quotes are not our style',
      "import {\n  h,\n  type I,\n} from 'h';",
      "const j = await import('j/k.js');",
      "const l = createRequire(import.meta.url)('l') as typeof import('m');",
      "// import { n } from 'n';",
    ].join('\n');

    expect(
      made('host/cli/x.ts', text)
        .map(({ to, isType }) => (isType ? `type ${to}` : to))
        .sort(),
    ).toEqual(['d', 'h', 'host/cli/a.ts', 'host/cli/c.ts', 'j/k.js', 'l', 'type e', 'type host/b/b.ts', 'type m'].sort());
  });

  test('finds the imports of every file that has some', () => {
    const blind = [...host, ...sdk]
      .filter(({ text }) => /^(import|export .* from) /m.test(text))
      .filter((source) => importsOf(source).length === 0);

    expect(host.length).toBeGreaterThan(10);
    expect(blind.map(({ path }) => path)).toEqual([]);
  });
});

describe('layers of host/', () => {
  test('are the folders there are', () => {
    const folders = readdirSync(fromRoot('host'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = folders.map(({ name }) => name).filter((name) => name !== 'dist' && name !== 'node_modules');

    expect(LAYERS).toEqual(expect.arrayContaining(names));
  });

  test('import only from those before them', () => {
    expect(upwardImports(importsIn(host))).toEqual([]);
  });

  test.each([
    ['upward', "import { x } from '../daemon/x.ts';"],
    ['upward for a type', "import type { X } from '../daemon/types.ts';"],
    ['from the root of the host', "import { x } from '../index.ts';"],
    ['from another package by path', "import { x } from '../../schemas/index.ts';"],
    ['from the SDK', "import { x } from '@outrigger/sdk';"],
    ['upward at run time', "const x = await import('../cli/x.ts');"],
  ])('are checked: an import %s is found', (_what, text) => {
    expect(upwardImports(made('host/registry/bad.ts', text))).toHaveLength(1);
  });

  test.each([
    "import { x } from '../protocol/x.ts';",
    "import { x } from './y.ts';",
    "import type { Trace } from '@outrigger/schemas';",
    "import { trace } from '@outrigger/schemas/validate-files';",
    "import { join } from 'node:path';",
  ])('allow %s', (text) => {
    expect(upwardImports(made('host/registry/good.ts', text))).toEqual([]);
  });
});

describe('libraries', () => {
  test('are known to one file each, ajv to two, yaml to the registry', () => {
    expect(strayLibraries(importsIn(host))).toEqual([]);
  });

  test.each(['vscode-jsonrpc', 'vscode-jsonrpc/node', 'execa', 'ajv/dist/2020.js', 'yaml'])(
    'are checked: a stray import of %s is found',
    (name) => {
      expect(strayLibraries(made('host/daemon/bad.ts', `import { x } from '${name}';`))).toHaveLength(1);
      expect(strayLibraries(made('host/daemon/bad.ts', `const x = await import('${name}');`))).toHaveLength(1);
    },
  );
});

describe('processes', () => {
  test('are started where that is named', () => {
    const imports = importsIn(host);
    const starting = imports.filter(({ to }) => to === 'node:child_process').map(({ from }) => from);

    expect(strayStarters(imports)).toEqual([]);
    for (const { path, what } of STARTERS)
      expect(
        starting.some((file) => path.test(file)),
        what,
      ).toBe(true);
  });

  test('are checked: a stray start is found', () => {
    const text = "import { spawn } from 'node:child_process';";

    expect(strayStarters(made('host/daemon/bad.ts', text))).toEqual(['host/daemon/bad.ts']);
    expect(strayStarters(made('host/daemon/bad.ts', "const x = await import('node:child_process');"))).toHaveLength(1);
    expect(strayStarters(made('host/daemon/keyring.ts', text))).toEqual([]);
  });
});

describe('value imports', () => {
  test('never go round in a circle', () => {
    expect(cycles(importsIn([...host, ...sdk, ...schemas]))).toEqual([]);
  });

  test('are checked: a circle is found, one of types is none', () => {
    const circle = [
      ...made('host/a/a.ts', "import { b } from './b.ts';"),
      ...made('host/a/b.ts', "import { c } from './c.ts';"),
      ...made('host/a/c.ts', "import { a } from './a.ts';"),
    ];

    expect(cycles(circle)).toEqual(['host/a/a.ts → host/a/b.ts → host/a/c.ts → host/a/a.ts']);
    expect(cycles([...circle.slice(0, 2), ...made('host/a/c.ts', "import type { A } from './a.ts';")])).toEqual([]);
  });
});

describe('packages', () => {
  const SDK_MAY = /^@outrigger\/schemas(\/|$)/;
  const SAMPLE_MAY = /^(@outrigger\/sdk|vscode-jsonrpc\/node|@modelcontextprotocol\/sdk\/.+|zod)$/;
  const isTest = ({ path }: Source): boolean => path.endsWith('.test.ts');

  test('the SDK imports schemas only', () => {
    expect(foreignPackages(importsIn(sdk), SDK_MAY)).toEqual([]);
  });

  test('a sample plugin imports one SDK or nothing', () => {
    expect(foreignPackages(importsIn(samples.filter((source) => !isTest(source))), SAMPLE_MAY)).toEqual([]);
  });

  test('schemas import nothing of ours, but for the generator', () => {
    const shipped = schemas.filter(({ path }) => path !== 'schemas/generate.ts');

    expect(foreignPackages(importsIn(shipped), /^$/).filter((line) => !/ imports schemas\//.test(line))).toEqual([]);
  });

  test('are checked: what is foreign is found', () => {
    expect(foreignPackages(made('sdk/typescript/bad.ts', "import { x } from 'execa';"), SDK_MAY)).toHaveLength(1);
    expect(foreignPackages(made('sdk/typescript/bad.ts', "import { x } from '../../host/index.ts';"), SDK_MAY)).toHaveLength(1);
    expect(foreignPackages(made('sample-plugins/bad/plugin.ts', "import { x } from '../other/plugin.ts';"), SAMPLE_MAY)).toHaveLength(1);
    expect(foreignPackages(made('sample-plugins/good/plugin.ts', "import { x } from './rules.ts';"), SAMPLE_MAY)).toEqual([]);
  });
});

describe('tests', () => {
  const hasTest = (path: string): boolean => existsSync(fromRoot(path));

  test('mirror the sources: each has one of the same path, is a part of one that has, or is listed', () => {
    expect(untested([...host, ...sdk], hasTest)).toEqual([]);
  });

  test('that stand for a source of another path exist, and so does the source', () => {
    for (const [source, through] of Object.entries(TESTED_THROUGH)) {
      expect(hasTest(source), source).toBe(true);
      expect(hasTest(through), through).toBe(true);
      expect(hasTest(testOf(source)), `${source} has a test of its own`).toBe(false);
    }
  });

  test('are checked: a source without a test is found, a part of one that has a test is not', () => {
    const sources = [
      { path: 'host/daemon/whole.ts', text: "import { p } from './part.ts';\nimport { s } from './shared.ts';" },
      { path: 'host/daemon/other.ts', text: "import { s } from './shared.ts';" },
      { path: 'host/daemon/part.ts', text: '' },
      { path: 'host/daemon/shared.ts', text: '' },
      { path: 'host/daemon/types.ts', text: '' },
    ];
    const has = (path: string): boolean => /(whole|other)\.test\.ts$/.test(path);

    expect(untested(sources, has)).toEqual(['host/daemon/shared.ts']);
    expect(untested(sources, () => false)).toEqual(sources.slice(0, 4).map(({ path }) => path));
  });
});

test('the repository has no folder or file at its root beside those agreed on', () => {
  const entries = readdirSync(fromRoot('.'), { withFileTypes: true }).filter(({ name }) => !BESIDE.includes(name));

  expect(
    entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  ).toEqual(FOLDERS);
  expect(ROOT_FILES).toEqual(expect.arrayContaining(entries.filter((entry) => entry.isFile()).map(({ name }) => name)));
});
