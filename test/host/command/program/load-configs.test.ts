import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configTypesOf } from '../../../../host/command/program/config-sources.ts';
import { type LoadOptions, loadConfigs } from '../../../../host/command/program/load-configs.ts';
import type { InvocationData } from '../../../../host/command/program/types.ts';

class Settings {
  word = 'code';
  times = 1;
}

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'outrigger-load-'));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

async function load(options: LoadOptions = {}, given: Partial<InvocationData> = {}): Promise<Record<string, object>> {
  const configTypes = configTypesOf([Settings]);
  const base = {
    name: 'x',
    target: () => 1,
    configTypes,
    cwd,
    knownArgs: {},
    unknownArgs: [],
    configs: {},
    command: undefined,
    result: undefined,
  };
  const data: InvocationData = { ...base, ...given };
  await loadConfigs(options)(data);
  return data.configs;
}

test('loadConfigs() writes the defaults when there is no file, and reads them the next time', async () => {
  expect((await load())['settings']).toEqual(new Settings());
  expect(await readFile(join(cwd, 'settings.yaml'), 'utf8')).toBe('word: code\ntimes: 1\n');
  await writeFile(join(cwd, 'settings.yaml'), 'word: file\n');
  const { settings } = await load();
  expect(settings).toBeInstanceOf(Settings);
  expect(settings).toEqual({ word: 'file', times: 1 });
});

test('loadConfigs() leaves a file that is there as it is', async () => {
  await writeFile(join(cwd, 'settings.yaml'), 'times: 2 # twice\n');
  await load();
  expect(await readFile(join(cwd, 'settings.yaml'), 'utf8')).toBe('times: 2 # twice\n');
});

test('loadConfigs() takes the path of the flag before that of the options', async () => {
  await writeFile(join(cwd, 'flag.json'), '{"word": "flag"}');
  await writeFile(join(cwd, 'option.yaml'), 'word: option');
  const options = { paths: { settings: 'option' } };
  expect(await load(options)).toMatchObject({ settings: { word: 'option' } });
  expect(await load(options, { knownArgs: { settings_path: 'flag' } })).toMatchObject({ settings: { word: 'flag' } });
  expect(await load({ pathArgument: () => 'from' }, { knownArgs: { from: join(cwd, 'flag.json') } })).toMatchObject({
    settings: { word: 'flag' },
  });
});

test('loadConfigs() refuses a missing file when told to, and writes nothing', async () => {
  await expect(load({ raiseOnMissing: true })).rejects.toThrow(
    `Cannot load config "settings": there is no file "${join(cwd, 'settings.yaml')}"`,
  );
  expect(await readdir(cwd)).toEqual([]);
});

test('loadConfigs() names every mistake with its place', async () => {
  await writeFile(join(cwd, 'settings.yaml'), 'word: 1\ntime: 2\n');
  const file = join(cwd, 'settings.yaml');
  await expect(load()).rejects.toThrow(
    `Cannot load config "settings": ${file}:1:1: "/word" must be text; got 1\n${file}:2:1: "/time" is no field of the config; did you mean "times"?`,
  );
});

test('loadConfigs() leaves configs that are loaded already', async () => {
  const settings = Object.assign(new Settings(), { word: 'mine' });
  expect(await load({}, { configs: { settings } })).toEqual({ settings });
  expect(await readdir(cwd)).toEqual([]);
});

test('loadConfigs() keeps configs in the order they were registered in', async () => {
  const configTypes = configTypesOf({ first: {}, second: {} });
  const configs = await load({ write: false }, { configTypes, configs: { second: {} } });
  expect(Object.keys(configs)).toEqual(['first', 'second']);
});
