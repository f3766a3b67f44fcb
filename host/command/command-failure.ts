import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CommandEnd, CommandFailure, CommandLine } from './types.ts';

/** Undefined when the command ended with exit code 0. */
export function commandFailure(line: CommandLine, end: CommandEnd): CommandFailure | undefined {
  if (end.error) return startFailure(line, end.error);
  if (end.signal) return failure('CommandSignalError', `Command "${line.command}" was ended by ${end.signal}`);
  return end.code ? failure('CommandExitError', `Command "${line.command}" ended with exit code ${end.code}`) : undefined;
}

/** True when there was no such command: a shell says 127 then, and 126 for every other failure to start. */
export function isNotFound(failure: CommandFailure): boolean {
  return failure.errorClasses[0] === NOT_FOUND;
}

const NOT_FOUND = 'CommandNotFoundError';

function startFailure(line: CommandLine, error: NodeJS.ErrnoException): CommandFailure {
  const { command, cwd } = line;
  const because = (type: string, cause: string): CommandFailure => failure(type, `Cannot run "${command}": ${cause}`);
  // ENOENT has three causes, and the system does not say which.
  if (!isFolder(cwd)) return because('CommandStartError', `the working directory "${cwd}" does not exist`);
  const isPath = command.includes('/');
  const file = isPath ? statSync(resolve(cwd, command), { throwIfNoEntry: false }) : undefined;
  if (file?.isDirectory()) return because('CommandStartError', 'it is a folder');
  if (error.code === 'EACCES') return because('CommandStartError', 'it is not executable');
  if (error.code !== 'ENOENT') return because('CommandStartError', error.message);
  if (file) return because('CommandStartError', 'the interpreter its first line names does not exist');
  return because(NOT_FOUND, isPath ? 'there is no such file' : 'it was not found on the PATH');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function failure(type: string, message: string): CommandFailure {
  return { errorClasses: [type, 'CommandError', 'Exception'], message };
}
