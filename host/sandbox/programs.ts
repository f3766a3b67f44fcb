import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { findProgram } from '../process/launch.ts';
import { isProgram } from '../process/resolve-command.ts';
import type { LaunchSpec } from '../process/types.ts';
import { HostError } from '../protocol/errors.ts';
import { isSystemPath, isWithin } from './system-layout.ts';
import type { Mount, Policy } from './types.ts';

/** How a plugin's program is started inside its sandbox. */
export interface InsideProgram {
  readonly command: string;
  /** Programs outside the system's folders, with their libraries; read-only. */
  readonly mounts: readonly Mount[];
  /** Folders for PATH, where a script's interpreter is to be found by name. */
  readonly folders: readonly string[];
}

/** Interpreters whose library stands beside their `bin` folder. */
const INTERPRETER = /^(python|pypy|ruby|perl|java|php|lua|julia|guile|R)[\d.]*$/;
const LIBRARY_FOLDERS = ['lib', 'lib64', 'conf'];

/**
 * Finds what has to be visible for a command to run. Throws PLUGIN_REFUSED for a program that neither the operator's PATH, the system, the
 * plugin's folder nor a grant holds: a manifest must not choose by name what of the host is shown.
 */
export function programInside(spec: LaunchSpec, policy: Policy): InsideProgram {
  const command = unshim(spec.command);
  const real = realPath(command);
  const mounts = isVisible(real, spec, policy) ? [] : runtimeMounts(real, real, spec);
  const script =
    isWithin(real, policy.directory) || isWithin(real, spec.cwd) ? interpreterOf(real, spec, policy) : { mounts: [], folders: [] };
  return {
    command: isVisible(spec.command, spec, policy) ? pathInside(spec.command, spec, policy) : real,
    mounts: [...mounts, ...script.mounts],
    folders: script.folders,
  };
}

/** A path of the plugin's own folder as the plugin sees it; any other as it is. Pure. */
export function pathInside(path: string, spec: LaunchSpec, policy: Policy): string {
  const folder = [spec.cwd, policy.directory].find((each) => isWithin(path, each));
  return folder === undefined ? path : `/plugin${path.slice(folder.length)}`;
}

/** Whether a path of the host is seen in the sandbox without doing anything for it. */
export function isVisible(path: string, spec: LaunchSpec, policy: Policy): boolean {
  const granted = [...policy.read, ...policy.write].map((mount) => mount.target);
  return isSystemPath(path) || [spec.cwd, policy.directory, ...granted].some((folder) => isWithin(path, folder));
}

function interpreterOf(script: string, spec: LaunchSpec, policy: Policy): Pick<InsideProgram, 'mounts' | 'folders'> {
  const [interpreter = '', ...rest] = firstLine(script)
    .replace(/^#!\s*/, '')
    .split(/\s+/);
  const isByName = basename(interpreter) === 'env';
  const name = isByName ? rest.find((word) => !word.startsWith('-') && !word.includes('=')) : interpreter;
  const found = name === undefined || name === '' ? undefined : findProgram(name, '/', pathOf(spec));
  const real = found === undefined ? undefined : realPath(unshim(found));
  if (found === undefined || name === undefined || real === undefined || isVisible(real, spec, policy)) return { mounts: [], folders: [] };
  const target = isByName ? join(dirname(real), name) : interpreter;
  return { mounts: runtimeMounts(real, target, spec), folders: isByName ? [dirname(target)] : [] };
}

function runtimeMounts(real: string, target: string, spec: LaunchSpec): Mount[] {
  // Nothing that could not be started anyway: a link out of the plugin's folder may lead to any file.
  if (!isProgram(real)) return [];
  if (!isKnown(real, spec)) throw unknownProgram(real, spec);
  const prefix = dirname(dirname(real));
  const hasLibrary = INTERPRETER.test(basename(real)) && basename(dirname(real)) === 'bin' && prefix !== '/';
  const libraries = hasLibrary ? LIBRARY_FOLDERS.map((name) => join(prefix, name)).filter((folder) => existsSync(folder)) : [];
  return [{ source: real, target }, ...libraries.map((folder) => ({ source: realpathSync(folder), target: folder }))];
}

/** The host's own Node, or what the operator's PATH finds by the same name. */
function isKnown(real: string, spec: LaunchSpec): boolean {
  const names = new Set([basename(spec.command), basename(real)]);
  const onPath = [...names].map((name) => findProgram(name, '/', pathOf(spec))).filter((file) => file !== undefined);
  return real === realPath(process.execPath) || onPath.some((file) => realPath(unshim(file)) === real);
}

function unknownProgram(real: string, { plugin }: LaunchSpec): HostError {
  return new HostError(
    'PLUGIN_REFUSED',
    `Cannot confine plugin "${plugin}": its program "${real}" is neither on PATH nor in the system's folders, its own or a granted one; ` +
      'put its folder on PATH, or grant fs.read of it',
  );
}

/** The real program behind a pyenv shim: the shim itself is a script that would need all of pyenv. */
function unshim(file: string): string {
  const [, root, name] = /^(.+)\/shims\/([^/]+)$/.exec(file) ?? [];
  if (root === undefined || name === undefined) return file;
  try {
    const versions = readFileSync(join(root, 'version'), 'utf8').split(/\s+/);
    const files = versions.map((version) => join(root, 'versions', basename(version), 'bin', name));
    return files.find(isProgram) ?? file;
  } catch {
    // No version is chosen: the shim is taken as it is.
    return file;
  }
}

function pathOf(spec: LaunchSpec): string {
  return (spec.env['PATH'] ?? '').split(delimiter).filter(isAbsolute).join(delimiter);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function firstLine(file: string): string {
  const start = Buffer.alloc(256);
  try {
    const handle = openSync(file, 'r');
    try {
      readSync(handle, start);
    } finally {
      closeSync(handle);
    }
  } catch {
    // A program that may be run but not read is no script.
    return '';
  }
  return start.toString('utf8').startsWith('#!') ? (start.toString('utf8').split('\n', 1)[0] ?? '').trim() : '';
}
