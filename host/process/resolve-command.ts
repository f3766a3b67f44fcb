import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Absolute path of a manifest's command, or why there is none. `node` is the Node that runs the host. */
export function resolveCommand(command: string, directory: string, path: string): { file: string } | { problem: string } {
  if (command === '') return { problem: 'The command is empty; name a program, such as "node" or "./run.sh"' };
  if (command === 'node') return { file: process.execPath };
  if (isAbsolute(command)) return existing(command, command);
  if (command.includes('/') || command.includes(sep)) return inside(command, directory);
  return searched(command, path);
}

// Compared as text: a link that leads out of the folder is fine, as every Python virtual environment has one.
function inside(command: string, directory: string): { file: string } | { problem: string } {
  const file = resolve(directory, command);
  const way = relative(directory, file);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    return { problem: `The command "${command}" leads out of the plugin's folder "${directory}"; use a path inside it or an absolute one` };
  }
  return existing(command, file);
}

function existing(command: string, file: string): { file: string } | { problem: string } {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return { problem: `The command "${command}" does not exist: there is no file "${file}"` };
  return found.isFile() ? { file } : { problem: `The command "${command}" is no file: "${file}" is a folder or a device` };
}

function searched(command: string, path: string): { file: string } | { problem: string } {
  // An empty or relative entry would mean the working directory, which is not the operator's choice.
  const folders = path.split(delimiter).filter(isAbsolute);
  const file = folders.map((folder) => join(folder, command)).find(isProgram);
  if (file !== undefined) return { file };
  return { problem: `The command "${command}" was not found: PATH is "${path}"; install it, or name a file as "./${command}"` };
}

/** A regular file that this user may execute. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
