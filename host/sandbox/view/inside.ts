import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute } from 'node:path';
import type { LaunchSpec } from '../../process/types.ts';
import { proxyEnvironment } from '../network/network.ts';
import type { Mount, Policy } from '../types.ts';
import { isVisible, pathInside, programInside } from './programs.ts';

/** What is started inside, as the plugin sees it. */
export interface InsideView {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Programs to be shown beside what the policy grants. */
  readonly mounts: readonly Mount[];
}

const ALWAYS_ON_PATH = ['/usr/local/bin', '/usr/bin', '/bin'];

/** The plugin's command line and environment with the paths of the sandbox. Throws PLUGIN_REFUSED for a program that may not be shown. */
export function insideView(spec: LaunchSpec, policy: Policy): InsideView {
  const program = programInside(spec, policy);
  const args = spec.args.map((arg) => (isAbsolute(arg) ? pathInside(arg, spec, policy) : arg));
  return {
    words: [program.command, ...nodeFlags(spec, policy), ...args],
    env: environment(spec, policy, program.folders),
    mounts: program.mounts,
  };
}

/** Node's own permission model as a second layer: no add-ons, no WASI, no inspector, and no children where none may be. */
function nodeFlags(spec: LaunchSpec, policy: Policy): string[] {
  if (policy.native || !isHostNode(spec.command) || Number.parseInt(process.versions.node, 10) < 24) return [];
  const hasNetFlag = process.allowedNodeEnvironmentFlags.has('--allow-net');
  return [
    ...['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker', '--disable-warning=SecurityWarning'],
    ...(policy.canFork ? ['--allow-child-process'] : []),
    ...(hasNetFlag && policy.net.length > 0 ? ['--allow-net'] : []),
  ];
}

function isHostNode(command: string): boolean {
  try {
    return command === process.execPath || realpathSync(command) === realpathSync(process.execPath);
  } catch {
    return false;
  }
}

function environment(spec: LaunchSpec, policy: Policy, folders: readonly string[]): Record<string, string> {
  const { NODE_COMPILE_CACHE: cache, PYTHONPYCACHEPREFIX: pythonCache, ...given } = spec.env;
  return {
    ...given,
    ...(policy.net.length === 0 ? {} : proxyEnvironment()),
    ...(policy.cacheDir === undefined || cache === undefined ? {} : { NODE_COMPILE_CACHE: '/cache' }),
    ...(policy.cacheDir === undefined || pythonCache === undefined ? {} : { PYTHONPYCACHEPREFIX: '/cache/python' }),
    ...(policy.dataDir === undefined ? {} : { OUTRIGGER_DATA: '/data' }),
    LANG: given['LANG'] ?? 'C.UTF-8',
    HOME: '/home/plugin',
    TMPDIR: '/tmp',
    PATH: searchPath(spec, policy, folders),
  };
}

function searchPath(spec: LaunchSpec, policy: Policy, folders: readonly string[]): string {
  const given = (spec.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && isVisible(folder, spec, policy));
  return [...new Set([...folders, ...given.map((folder) => pathInside(folder, spec, policy)), ...ALWAYS_ON_PATH])].join(delimiter);
}
