import { expect, test } from 'vitest';
import { configTypesOf } from '../../../../host/command/program/config-sources.ts';
import { chosen, standard } from '../../../../host/command/program/standard.ts';

const types = configTypesOf({ a: {}, b: {}, c: {} });
const ids = (options: object): string[] => chosen(types, options).map(({ id }) => id);

test('standard() names a hook as default behaviour is named in plans', () => {
  expect(standard(() => undefined).name).toBe('default');
});

test('chosen() keeps the order of the command', () => {
  expect(ids({})).toEqual(['a', 'b', 'c']);
  expect(ids({ ids: ['c', 'a'] })).toEqual(['a', 'c']);
  expect(ids({ ids: ['c', 'a'], skip: ['a', 'none'] })).toEqual(['c']);
  expect(ids({ ids: [] })).toEqual([]);
});

test('chosen() refuses an id the command does not have', () => {
  expect(() => ids({ ids: ['d'] })).toThrow('Cannot use config "d": the command has "a", "b", "c"');
});
