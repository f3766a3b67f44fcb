import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@outrigger/schemas';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createHost } from '../../host/daemon/host.ts';
import type { Host } from '../../host/daemon/types.ts';
import { readManifest } from '../sdk/typescript/plugin-process.ts';
import { testWithAll } from '../support/needs.ts';
import { placeWithSdk } from './sample-host.ts';

const FOLDER = fileURLToPath(new URL('../../sample-plugins/', import.meta.url));
const FILE = join(FOLDER, 'outrigger.sets.yaml');
const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const config = parse(readFileSync(FILE, 'utf8')) as Config;
const sets: [name: string, plugins: readonly string[]][] = Object.entries(config.sets ?? {}).map(([name, { plugins = [] }]) => [
  name,
  plugins,
]);
const MEMBERS = sets.flatMap(([, plugins]) => plugins);
const testConfined = testWithAll({ python3: 'python3', go: 'golang-go', cargo: 'cargo', bwrap: 'bubblewrap' });
// Put together here, so that no scanner takes this file for a leak.
const KEY = `${'AKIA'}IOSFODNN7EXAMPLE`;

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'outrigger-sets-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A host of the file, with what the user's own file says about sets. */
async function open(own: Config['sets'], file: string = FILE): Promise<Host & AsyncDisposable> {
  mkdirSync(join(home, 'outrigger'), { recursive: true });
  writeFileSync(join(home, 'outrigger', 'config.json'), JSON.stringify({ sets: own }));
  const env = { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, XDG_CACHE_HOME: home };
  return createHost({ config: file, cwd: home, env, log: { debug() {}, info() {}, warn() {}, error() {} } });
}

const enabled = (host: Host): string[] =>
  host
    .plugins()
    .filter(({ registered }) => registered.state === 'enabled')
    .map(({ registered }) => registered.name)
    .sort();
const off = (name: string): Config['sets'] =>
  Object.fromEntries(sets.filter(([other]) => other !== name).map(([other]) => [other, { enabled: false }]));

describe('outrigger.sets.yaml', () => {
  test('loads, with every plugin in one set and nothing wrong', async () => {
    await using host = await open({});

    expect(host.problems).toEqual([]);
    expect(enabled(host)).toEqual([...MEMBERS].sort());
    expect(new Set(MEMBERS).size).toBe(MEMBERS.length);
    expect(Object.keys(config.plugins ?? {})).toEqual(MEMBERS);
    expect(Object.values(config.plugins ?? {}).filter(({ trust }) => trust !== undefined)).toEqual([]);
  });

  test.each(sets)('%s is switched as one', async (name, plugins) => {
    await using alone = await open(off(name));
    await using others = await open({ [name]: { enabled: false } });

    expect(enabled(alone)).toEqual([...plugins].sort());
    expect(enabled(others)).toEqual(MEMBERS.filter((plugin) => !plugins.includes(plugin)).sort());
  });

  test('has every plugin whose README says that it belongs to a set, in that set', () => {
    const said = readdirSync(FOLDER)
      .filter((name) => existsSync(join(FOLDER, name, 'README.md')))
      .flatMap((name) => {
        const readme = readFileSync(join(FOLDER, name, 'README.md'), 'utf8');
        const [, set] = /^ {2}(\w+): \{ plugins: \[|`sets: \{ (\w+): /m.exec(readme)?.filter((part) => part !== undefined) ?? [];
        return set === undefined ? [] : [[name, set]];
      });

    expect(said.sort()).toEqual(sets.flatMap(([set, plugins]) => plugins.map((plugin) => [plugin, set])).sort());
  });
});

describe('sample-plugins/README.md', () => {
  const catalogsOf = (name: string): string =>
    [...new Set(Object.keys(readManifest(join(FOLDER, name)).manifest.hooks).map((hook) => hook.split('.')[0]))].sort().join(', ');

  test('has a row for each plugin of a set, with what it hears', () => {
    const rows = [...README.matchAll(/^\| \[([\w-]+)\]\(\1\) \| (\w+) \| ([\w, ]+) \|/gm)].map(([, ...cells]) => cells);

    expect(rows).toEqual(sets.flatMap(([set, plugins]) => plugins.map((plugin) => [plugin, set, catalogsOf(plugin)])));
  });

  test('prepares those that are compiled or written in Python, and names every sample', () => {
    const prepared = [...README.matchAll(/^for plugin in ([\w -]+); do/gm)].map(([, names = '']) => names.split(' '));
    const has = (file: string) => MEMBERS.filter((name) => existsSync(join(FOLDER, name, file)));
    const samples = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'plugin.yaml')));

    expect(prepared.map((names) => names.sort())).toEqual([has('Makefile').sort(), has('plugin.py').sort()]);
    expect(samples.filter((name) => !README.includes(`[${name}](${name})`))).toEqual([]);
  });
});

/** The file, copied beside what its README prepares. */
async function copied(plugins: readonly string[]): Promise<string> {
  const entries = Object.entries(config.plugins ?? {}).filter(([name]) => plugins.includes(name));
  const placed: NonNullable<Config['plugins']> = {};
  for (const [name, entry] of entries) placed[name] = { ...entry, path: await placeWithSdk(join(FOLDER, name)) };
  const file = join(home, 'copy.json');
  writeFileSync(file, JSON.stringify({ ...config, sets: { security: { plugins } }, plugins: placed }));
  return file;
}

testConfined('the set security decides about events of all four systems, confined', { timeout: 600_000 }, async () => {
  const plugins = sets.find(([name]) => name === 'security')?.[1] ?? [];
  await using host = await open({}, await copied(plugins));
  const train = { name: 'train', command: { kind: 'class', target: 'Train' } } as const;
  const call = { name: 'calculator', args: { expression: '1 + 2', note: 'of 123-45-6789' } };

  const command = await host.emit('conda.pre_command', { command: 'install', args: ['-n', 'base', 'numpy'] });
  const coma = await host.emit('coma.pre_config_hook', { ...train, known_args: {}, unknown_args: [`key=${KEY}`], configs: {} });
  const experiment = await host.emit('pycomex.before_experiment_initialize', { experiment: { name: 'e', parameters: { TOKEN: KEY } } });
  const tool = await host.emit('mellea.tool_pre_invoke', { model_tool_call: call });

  expect(host.problems).toEqual([]);
  expect([command, coma, experiment].map(({ by, cause, violation }) => [by, cause, violation?.code])).toEqual([
    ['protected-targets', 'verdict', 'PROTECTED'],
    ['secrets-detection', 'verdict', 'SECRETS_DETECTED'],
    ['secrets-detection', 'verdict', 'SECRETS_DETECTED'],
  ]);
  expect(tool).toMatchObject({ status: 'continued', failOpens: [], payload: { model_tool_call: { args: { note: 'of [REDACTED]' } } } });
  expect(tool.trace.answers.map(({ plugin, status }) => [plugin, status])).toEqual([
    ['pii-redactor', 'modified'],
    ['rate-limiter', 'continued'],
    ['secrets-detection', 'continued'],
    ['tool-allow-list', 'continued'],
    ['argument-validator', 'continued'],
  ]);
});
