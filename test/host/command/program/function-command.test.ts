import { expect, test } from 'vitest';
import { FunctionCommand } from '../../../../host/command/program/function-command.ts';

test('run() calls the function with the values and gives what it returned', () => {
  expect(new FunctionCommand((a: number, b: number) => a + b, [1, 2]).run()).toBe(3);
  expect(Object.keys(new FunctionCommand(() => 1, []))).toEqual([]);
});
