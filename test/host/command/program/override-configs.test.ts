import { expect, test } from 'vitest';
import { CommandExit } from '../../../../host/command/program/command-exit.ts';
import { configTypesOf } from '../../../../host/command/program/config-sources.ts';
import { type OverrideOptions, overrideConfigs } from '../../../../host/command/program/override-configs.ts';
import type { ConfigSources, InvocationData } from '../../../../host/command/program/types.ts';

const SOURCES = {
  model: { name: 'small', layers: 2, deep: { rate: 0.1 } },
  modem: { name: 'v90', speed: 56 },
  data: { path: '', free: {}, url: '', list: [1] },
};

async function override(
  unknownArgs: string[],
  options: OverrideOptions = {},
  sources: ConfigSources = SOURCES,
): Promise<Record<string, object>> {
  const configTypes = configTypesOf(sources);
  const configs = Object.fromEntries(Object.values(configTypes).map(({ id, make }) => [id, make()]));
  const data = {
    name: 'x',
    target: () => 1,
    configTypes,
    cwd: '/',
    knownArgs: {},
    unknownArgs,
    configs,
    command: undefined,
    result: undefined,
  };
  await overrideConfigs(options)(data as InvocationData);
  return data.configs;
}

const { model, modem, data } = SOURCES;

test.each([
  ['layers=3', { model: { ...model, layers: 3 } }],
  ['deep.rate=0.5', { model: { ...model, deep: { rate: 0.5 } } }],
  ['name=5', { model: { ...model, name: '5' }, modem: { ...modem, name: '5' } }],
  ['name=', { model: { ...model, name: '' }, modem: { ...modem, name: '' } }],
  ['name="quoted"', { model: { ...model, name: 'quoted' }, modem: { ...modem, name: 'quoted' } }],
  ['modem::name=x', { modem: { ...modem, name: 'x' } }],
  ['d::path=x', { data: { ...data, path: 'x' } }],
  ['mode::name=x', undefined],
  ['url=http://[::1]/?a=b', { data: { ...data, url: 'http://[::1]/?a=b' } }],
  ['list=[1, 2]', { data: { ...data, list: [1, 2] } }],
  ['free.any.thing=true', { data: { ...data, free: { any: { thing: true } } } }],
])('overrideConfigs() takes %s', async (argument, changed) => {
  if (changed === undefined) await expect(override([argument])).rejects.toThrow('"mode" may mean "model", "modem"');
  else expect(await override([argument])).toEqual({ ...SOURCES, ...changed });
});

test('overrideConfigs() lets the last argument win, and an exact id before longer ones', async () => {
  expect(await override(['layers=3', 'model::layers=4'])).toMatchObject({ model: { layers: 4 } });
  const sources = { data: { x: 1 }, data_more: { x: 2 } };
  expect(await override(['data::x=5'], {}, sources)).toEqual({ data: { x: 5 }, data_more: { x: 2 } });
});

test.each([
  ['layer=3', 'no config has the key "layer"; did you mean "layers"?'],
  ['modle::layers=3', 'no config is called "modle"; did you mean "model"?'],
  ['data::layers=3', 'no config has the key "layers"'],
  ['layers=three', '"layers" must be a number; got "three"'],
  ['model::x::y=3', '"::" may stand there once'],
  ['::layers=3', 'a part of its name is empty'],
  ['model::=3', 'a part of its name is empty'],
  ['=3', 'a part of its name is empty'],
  ['deep..rate=3', 'a part of its name is empty'],
  ['stray', 'it is neither a flag nor key=value'],
  ['--stray', 'it is neither a flag nor key=value'],
  ['__proto__.polluted=1', 'no config has the key'],
  ['constructor.prototype.polluted=1', 'no config has the key'],
  ['data::free.__proto__.polluted=1', 'no config has the key'],
  ['free={__proto__: {polluted: 1}}', 'must be a map'],
  ['list=&a [*a]', 'must be a list'],
])('overrideConfigs() ends with exit code 2 for %s', async (argument, message) => {
  const error = await override([argument]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandExit);
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(`Cannot use argument "${argument}": `) });
  expect((error as Error).message).toContain(message);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test.each([
  ['layer=3', { raiseOnNoMatches: false }],
  ['none::layers=3', { raiseOnNoMatches: false }],
  ['stray', { raiseOnNoMatches: false }],
  ['mode::name=x', { raiseOnManyMatches: false }],
  ['a::b::c=3', { raiseOnManySeparators: false }],
  ['::layers=3', { raiseOnEmptySplit: false }],
])('overrideConfigs() leaves %s alone when told to', async (argument, options) => {
  expect(await override([argument], options)).toEqual(SOURCES);
});

test('overrideConfigs() cares for the chosen configs only, and means the same by a prefix', async () => {
  expect(await override(['name=x', 'layers=3'], { ids: ['model'] })).toEqual({ ...SOURCES, model: { ...model, name: 'x', layers: 3 } });
  expect(await override(['name=x'], { skip: ['model'] })).toEqual({ ...SOURCES, modem: { ...modem, name: 'x' } });
  await expect(override(['mode::name=x'], { ids: ['model'] })).rejects.toThrow('may mean');
  await expect(override([], { ids: ['none'] })).rejects.toThrow('Cannot use config "none": the command has "model", "modem", "data"');
});

test('overrideConfigs() takes another separator', async () => {
  expect(await override(['model/layers=3'], { separator: '/' })).toMatchObject({ model: { layers: 3 } });
});
