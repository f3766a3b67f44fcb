import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandFailure, isNotFound } from '../../../host/command/command-failure.ts';
import type { CommandEnd, CommandFailure } from '../../../host/command/types.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-failure-'));
  writeFileSync(join(folder, 'script'), '#!/no/such/interpreter\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

function failureOf(command: string, end: Partial<CommandEnd>, cwd = folder): CommandFailure | undefined {
  return commandFailure({ command, args: [], cwd, env: {} }, { durationMs: 1, stderr: [], ...end });
}

function errno(code: string): Error {
  return Object.assign(new Error(`spawn ${code}`), { code });
}

test('commandFailure() is undefined for exit code 0', () => {
  expect(failureOf('git', { code: 0 })).toBe(undefined);
});

test.each([
  [{ code: 7 }, 'CommandExitError', 'Command "git" ended with exit code 7'],
  [{ signal: 'SIGTERM' as const }, 'CommandSignalError', 'Command "git" was ended by SIGTERM'],
  [{ error: errno('ENOENT') }, 'CommandNotFoundError', 'Cannot run "git": it was not found on the PATH'],
  [{ error: errno('EACCES') }, 'CommandStartError', 'Cannot run "git": it is not executable'],
  [{ error: errno('E2BIG') }, 'CommandStartError', 'Cannot run "git": spawn E2BIG'],
])('commandFailure() of %j', (end, type, message) => {
  expect(failureOf('git', end)).toEqual({ errorClasses: [type, 'CommandError', 'Exception'], message });
});

test.each([
  ['./none', undefined, 'CommandNotFoundError', 'there is no such file'],
  ['./script', undefined, 'CommandStartError', 'the interpreter its first line names does not exist'],
  ['git', '/no/such/folder', 'CommandStartError', 'the working directory "/no/such/folder" does not exist'],
])('commandFailure() finds out why %s in %s is not there', (command, cwd, type, cause) => {
  const failure = failureOf(command, { error: errno('ENOENT') }, cwd);
  expect(failure).toMatchObject({ message: `Cannot run "${command}": ${cause}` });
  expect(failure?.errorClasses[0]).toBe(type);
});

test('isNotFound() tells 127 from 126', () => {
  expect(isNotFound(failureOf('git', { error: errno('ENOENT') }) as CommandFailure)).toBe(true);
  expect(isNotFound(failureOf('git', { error: errno('EACCES') }) as CommandFailure)).toBe(false);
});
