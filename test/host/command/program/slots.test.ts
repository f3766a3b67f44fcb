import { expect, test } from 'vitest';
import { DEFAULT, NOTHING, resolveSlot, SHARED } from '../../../../host/command/program/slots.ts';

const [a, b, shared, standard] = ['a', 'b', 'shared', 'standard'].map((name) =>
  Object.defineProperty(() => undefined, 'name', { value: name }),
);
const own = { slot: 'run_hook', standard: [standard as () => void], shared: [shared as () => void] } as const;
const global = { ...own, shared: undefined };
const names = (hooks: readonly unknown[]): string[] => hooks.map((hook) => (hook as () => void).name);

test.each([
  ['nothing said', undefined, ['shared'], ['standard']],
  ['a function', a, ['shared', 'a'], ['a']],
  ['a list without markers', [a, [b]], ['shared', 'a', 'b'], ['a', 'b']],
  ['an empty list', [], ['shared'], []],
  ['NOTHING', NOTHING, [], []],
  ['NOTHING and a function', [NOTHING, a], ['a'], ['a']],
  ['DEFAULT', DEFAULT, ['standard'], ['standard']],
  ['DEFAULT in a list of lists', [a, [[DEFAULT], b]], ['a', 'standard', 'b'], ['a', 'standard', 'b']],
  ['DEFAULT twice', [DEFAULT, DEFAULT], ['standard', 'standard'], ['standard', 'standard']],
])('resolveSlot() with %s', (_what, value, inCommand, inProgram) => {
  expect(names(resolveSlot(value as never, own))).toEqual(inCommand);
  expect(names(resolveSlot(value as never, global))).toEqual(inProgram);
});

test('resolveSlot() puts the shared hooks where SHARED stands', () => {
  expect(names(resolveSlot([a as () => void, SHARED, b as () => void], own))).toEqual(['a', 'shared', 'b']);
  expect(() => resolveSlot([SHARED], global)).toThrow('use DEFAULT');
});

test.each([['text'], [[5]], [{}], [Symbol('x')], [true]])('resolveSlot() refuses %o', (value) => {
  expect(() => resolveSlot(value as never, own)).toThrow('Cannot fill slot "run_hook"');
});
