import { lstatSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, normalize } from 'node:path';
import { findProgram } from '../../process/launch.ts';
import { isProgram } from '../../process/resolve-command.ts';
import type { LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { isWithin } from '../policy/real-path.ts';
import type { Mount, Policy } from '../types.ts';
import { javaSettings } from './java-settings.ts';
import { readStart } from './read-start.ts';
import { isSystemPath } from './system-layout.ts';

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
const MAX_FIRST_LINE = 256;
const MAX_VERSION_BYTES = 4096;

/**
 * Finds what has to be visible for a command to run. Throws PLUGIN_REFUSED for a program that neither the host's own PATH, the system, the
 * plugin's folder nor a grant holds. Nothing that comes from the plugin, be it its manifest, its folder or its data, decides what of the host
 * is shown: its words name a program, and only `policy.programs` says where that is.
 */
export function programInside(spec: LaunchSpec, policy: Policy): InsideProgram {
  const search: Search = { spec, policy };
  // Nothing was found: the start fails inside, with the reason.
  if (!isAbsolute(spec.command)) return { command: spec.command, mounts: [], folders: [] };
  const command = unshim(spec.command, search);
  const real = realPath(command);
  const mounts = isVisible(real, spec, policy) ? javaSettings(real) : runtimeMounts(real, real, search);
  const script = isWithin(real, policy.directory) || isWithin(real, spec.cwd) ? interpreterOf(real, search) : { mounts: [], folders: [] };
  return {
    command: isVisible(spec.command, spec, policy) ? pathInside(spec.command, spec, policy) : real,
    mounts: [...mounts, ...script.mounts],
    folders: script.folders,
  };
}

/** What a driver that shows the host's own paths must let be read of its program, beside what the policy grants. */
export function shownPrograms(spec: LaunchSpec, policy: Policy): string[] {
  const { mounts } = programInside(spec, policy);
  const named = isVisible(realPath(spec.command), spec, policy) || mounts.length > 0 ? [spec.command] : [];
  return [...new Set([...named, ...mounts.map(({ source }) => source)])];
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

interface Search {
  readonly spec: LaunchSpec;
  readonly policy: Policy;
}

function interpreterOf(script: string, search: Search): Pick<InsideProgram, 'mounts' | 'folders'> {
  const { spec, policy } = search;
  const none = { mounts: [], folders: [] };
  const asked = interpreterNamed(firstLine(script));
  const found = asked && findProgram(asked.name, '/', searchPath(search));
  if (asked === undefined || found === undefined) return none;
  const real = realPath(unshim(found, search));
  if (isVisible(real, spec, policy)) return { ...none, mounts: javaSettings(real) };
  const target = asked.isByName ? join(dirname(real), asked.name) : asked.name;
  return { mounts: runtimeMounts(real, target, search), folders: asked.isByName ? [dirname(target)] : [] };
}

/** `#!/path/to/it …` and `#!/usr/bin/env [-S] it …`; other words of env are the sandbox's own affair, and show nothing. */
function interpreterNamed(line: string): { readonly name: string; readonly isByName: boolean } | undefined {
  const [interpreter = '', ...words] = line.replace(/^#!\s*/, '').split(/\s+/);
  if (basename(interpreter) !== 'env') return isPlain(interpreter) ? { name: interpreter, isByName: false } : undefined;
  const name = words[0] === '-S' ? words[1] : words[0];
  return name !== undefined && /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name) ? { name, isByName: true } : undefined;
}

// It is also where the program is mounted.
function isPlain(path: string): boolean {
  return isAbsolute(path) && normalize(path) === path;
}

function runtimeMounts(real: string, target: string, search: Search): Mount[] {
  // Nothing that could not be started anyway: a link out of the plugin's folder may lead to any file.
  if (!isProgram(real)) return [];
  const isOwn = real === realPath(process.execPath);
  if (!isOwn && !isKnown(real, search)) {
    throw refused(real, search.spec, 'is neither on the PATH of the host nor in the system’s folders, its own or a granted one');
  }
  const why = isOwn ? undefined : search.policy.programs?.whyNot(real);
  if (why !== undefined) throw refused(real, search.spec, `is not shown to plugins: ${why}`);
  return [{ source: real, target }, ...librariesOf(real, search).map((folder) => ({ source: folder, target: folder }))];
}

// A link may lead anywhere: who may write beside the program would choose what is shown.
function librariesOf(real: string, { policy }: Search): string[] {
  const prefix = dirname(dirname(real));
  if (!INTERPRETER.test(basename(real)) || basename(dirname(real)) !== 'bin' || prefix === '/') return [];
  const folders = LIBRARY_FOLDERS.map((name) => join(prefix, name));
  return folders.filter((folder) => isRealFolder(folder) && policy.programs?.whyNot(folder) === undefined);
}

function isRealFolder(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What the host's PATH finds by the same name, without a detour through places that others fill. */
function isKnown(real: string, search: Search): boolean {
  const names = new Set([basename(search.spec.command), basename(real)]);
  const onPath = [...names].map((name) => findProgram(name, '/', searchPath(search))).filter((file) => file !== undefined);
  return onPath.some((file) => {
    const program = unshim(file, search);
    return search.policy.programs?.isForeign(program) === false && realPath(program) === real;
  });
}

function refused(real: string, { plugin }: LaunchSpec, why: string): HostError {
  return new HostError(
    'PLUGIN_REFUSED',
    `Cannot confine plugin "${plugin}": its program "${real}" ${why}; put its folder on the PATH of the host, or grant fs.read of it`,
  );
}

/** The real program behind a pyenv shim: the shim itself is a script that would need all of pyenv. Only for shims on the host's PATH. */
function unshim(file: string, { policy }: Search): string {
  const [, root, name] = /^(.+)\/shims\/([^/]+)$/.exec(file) ?? [];
  if (root === undefined || name === undefined || policy.programs?.path.includes(dirname(file)) !== true) return file;
  const versions = readStart(join(root, 'version'), MAX_VERSION_BYTES)
    .split(/\s+/)
    .filter((version) => version !== '');
  const files = versions.map((version) => join(root, 'versions', basename(version), 'bin', name));
  // Where no version is chosen the shim is taken as it is.
  return files.find(isProgram) ?? file;
}

function searchPath({ policy }: Search): string {
  return (policy.programs?.path ?? []).join(delimiter);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function firstLine(file: string): string {
  const start = readStart(file, MAX_FIRST_LINE);
  return start.startsWith('#!') ? (start.split('\n', 1)[0] ?? '').trim() : '';
}
