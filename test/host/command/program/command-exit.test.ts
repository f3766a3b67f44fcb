import { expect, test } from 'vitest';
import { CommandExit, exit } from '../../../../host/command/program/command-exit.ts';

test('exit() throws a CommandExit with its code and message', () => {
  const caught = ((): unknown => {
    try {
      return exit(3, 'enough');
    } catch (error) {
      return error;
    }
  })();
  expect(caught).toBeInstanceOf(CommandExit);
  expect(caught).toMatchObject({ exitCode: 3, message: 'enough' });
});
