import { expect, test } from 'vitest';
import { configTypesOf } from '../../../../host/command/program/config-sources.ts';
import {
  addFlag,
  addPathFlags,
  callMethod,
  callWithConfigs,
  callWithNamedConfigs,
  preload,
  standardHooks,
} from '../../../../host/command/program/default-hooks.ts';
import type { InvocationData, ParserData, Target } from '../../../../host/command/program/types.ts';

const configTypes = configTypesOf({ one: { x: 1 }, big_one: { x: 2 } });

class Job {
  readonly values: unknown[];
  constructor(...values: unknown[]) {
    this.values = values;
  }
  start(): unknown {
    return this.values;
  }
}

function dataOf(target: Target, command?: object): InvocationData {
  const configs = { one: { x: 1 }, big_one: { x: 2 } };
  return { name: 'job', target, configTypes, cwd: '/', knownArgs: {}, unknownArgs: [], configs, command, result: undefined };
}

test('addPathFlags() adds a flag for each chosen config', () => {
  const data: ParserData = { name: 'job', target: Job, configTypes, flags: {} };
  void addPathFlags({ ids: ['big_one'] })(data);
  expect(data.flags).toEqual({ big_one_path: { flags: ['--big_one-path'], metavar: 'FILE', help: 'file of config "big_one"' } });
  void addPathFlags()(data);
  expect(Object.keys(data.flags)).toEqual(['big_one_path', 'one_path']);
});

test('addFlag() adds the flag, and nothing that later changes of it would reach', () => {
  const data: ParserData = { name: 'job', target: Job, configTypes, flags: {} };
  const flag = { flags: ['--x'] };
  void addFlag('x', flag)(data);
  expect(data.flags).toEqual({ x: flag });
  expect(data.flags['x']).not.toBe(flag);
});

test('callWithConfigs() calls a class with the configs in order', () => {
  const data = dataOf(Job);
  void callWithConfigs()(data);
  expect((data.command as Job).values).toEqual([{ x: 1 }, { x: 2 }]);
  void callWithConfigs({ skip: ['one'] })(data);
  expect((data.command as Job).values).toEqual([{ x: 2 }]);
});

test('callWithNamedConfigs() calls a class with one object', () => {
  const data = dataOf(Job);
  void callWithNamedConfigs()(data);
  expect((data.command as Job).values).toEqual([{ one: { x: 1 }, big_one: { x: 2 } }]);
});

test('callMethod() calls the method on the instance and keeps its result', async () => {
  const data = dataOf(Job, new Job(1));
  await callMethod('start')(data);
  expect(data.result).toEqual([1]);
  await expect(callMethod('begin')(data)).rejects.toThrow('Cannot run command "job": it has no method "begin"');
  await expect(callMethod()(dataOf(Job))).rejects.toThrow('it has no method "run"');
});

test('callMethod() just calls a function command', async () => {
  const data = dataOf((one: { x: number }) => one.x);
  void callWithConfigs()(data);
  await callMethod('start')(data);
  expect(data.result).toBe(1);
});

test('preload() loads and overrides', () => {
  expect(preload(['one']).map(({ name }) => name)).toEqual(['default', 'default']);
});

test('standardHooks() are there for five slots, each named default', () => {
  const slots = ['parser_hook', 'config_hook', 'post_config_hook', 'init_hook', 'run_hook'] as const;
  for (const slot of slots) expect(standardHooks(slot).map(({ name }) => name)).toEqual(['default']);
  for (const slot of ['pre_config_hook', 'pre_init_hook', 'post_init_hook', 'pre_run_hook', 'post_run_hook'] as const)
    expect(standardHooks(slot)).toEqual([]);
});
