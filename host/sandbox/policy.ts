import { join } from 'node:path';
import type { Config, Manifest, Permissions } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { envRefusal } from './env-refusal.ts';
import { executedPlaces } from './executed.ts';
import { forbiddenPlaces } from './forbidden.ts';
import { examine, fillIn, type GrantContext, isOwnData, type PathGrant, relate } from './grants.ts';
import { limitsOf } from './limits-of.ts';
import { netRules } from './net-rules.ts';
import { type RealPath, realPath } from './real-path.ts';
import type { Guarantee, Mount, Policy } from './types.ts';

export { limitsOf } from './limits-of.ts';
export { makeFolders } from './make-folders.ts';

/** Where a host keeps things; absolute paths. */
export interface Places {
  /** The host's working directory: `${workspace}`. */
  readonly workspace: string;
  /** Folder of the config file in force: `${config}`; the workspace when there is none. */
  readonly config: string;
  /** The host's own data: storage, stored plugins, data folders of plugins. No plugin may reach it but for its own. */
  readonly dataDir: string;
  readonly cacheDir: string | undefined;
  readonly home: string | undefined;
  /** The user's own configuration folder of Outrigger, where it is not `~/.config/outrigger`. */
  readonly configHome?: string | undefined;
  /** Folders whose content the host runs, such as those of the configured plugins: never written by a plugin. */
  readonly programs?: readonly string[] | undefined;
}

export interface PolicyInput {
  readonly plugin: string;
  /** What will be seen as /plugin. */
  readonly directory: string;
  /** Content hash, `sha256-…`; undefined for a plugin that is not in the lock. */
  readonly hash: string | undefined;
  /** Asked ∩ granted. */
  readonly granted: Permissions;
  /** The manifest's wishes. */
  readonly limits: Manifest['limits'];
  readonly settings: Config['sandbox'];
  readonly places: Places;
}

/** Refusals are clauses for people: the path or host, why, and what would be right. */
export type PolicyResult = { readonly policy: Policy } | { readonly refusals: readonly string[] };

/** Manifest ∩ grant ∩ caps, with canonical paths. Reads the file system, writes nothing. Throws STORAGE_FAILED when the host’s own folders cannot be followed. */
export function makePolicy(input: PolicyInput): PolicyResult {
  const { granted, settings, places } = input;
  const paths = grantedPaths(input);
  const net = netRules(granted.net ?? [], settings?.net);
  const env = (granted.env ?? []).flatMap((name) => {
    const why = envRefusal(name);
    return why === undefined ? [] : [`env ${JSON.stringify(name.slice(0, 256))}: never granted: ${why}`];
  });
  const own = ownFolders(input);
  const refusals = [...paths.refusals, ...net.refusals, ...env, ...own.refusals];
  if (refusals.length > 0) return { refusals };
  const policy: Policy = {
    plugin: input.plugin,
    directory: own.directory,
    dataDir: usesData(granted) ? followed(join(places.dataDir, 'data', input.plugin)).real : undefined,
    cacheDir: cacheFolder(input),
    read: mounts(paths.kept, false),
    write: mounts(paths.kept, true),
    net: net.rules,
    canFork: (granted.run ?? []).length > 0,
    ipc: granted.ipc === true,
    native: granted.native === true,
    limits: limitsOf(input.limits, settings?.limits),
    uid: settings?.uid,
  };
  return { policy };
}

/**
 * What the policy needs a driver to promise. Files, network and signals always: without a grant, none must mean none. Memory,
 * processes and CPU are not among them: they are limited by the kernel where it can, else watched (`limits/limiter.ts`). Pure.
 */
export function needsOf(policy: Policy): ReadonlySet<Guarantee> {
  const needs = new Set<Guarantee>(['fs', 'net', 'signals']);
  if (policy.net.length > 0) needs.add('netAllow');
  if (!policy.canFork) needs.add('fork');
  return needs;
}

function grantedPaths({ granted, settings, places, directory }: PolicyInput): ReturnType<typeof relate> {
  const variables = { workspace: places.workspace, config: places.config };
  const never = (settings?.never ?? []).map((text) => ({ text, filled: fillIn(text, variables) }));
  const broken = never.flatMap(({ text, filled }) => ('why' in filled ? [`sandbox.never ${JSON.stringify(text)}: ${filled.why}`] : []));
  const all = [...pathsOf(granted, 'read'), ...pathsOf(granted, 'write')];
  if (all.length === 0 || broken.length > 0) return { kept: [], refusals: broken };
  const context: GrantContext = {
    variables,
    forbidden: forbiddenPlaces(
      places,
      never.flatMap(({ filled }) => ('path' in filled ? [filled.path] : [])),
    ),
    executed: executedPlaces({ ...places, directory }),
    ipc: granted.ipc === true,
  };
  const examined = all.map(({ text, write }) => examine(text, write, context)).filter((each) => each !== undefined);
  const related = relate(examined.flatMap((each) => ('grant' in each ? [each.grant] : [])));
  const refused = examined.flatMap((each) => ('refusal' in each ? [each.refusal] : []));
  return { kept: related.kept, refusals: [...refused, ...related.refusals] };
}

function pathsOf(granted: Permissions, key: 'read' | 'write'): { text: string; write: boolean }[] {
  return (granted.fs?.[key] ?? []).filter((text) => !isOwnData(text)).map((text) => ({ text, write: key === 'write' }));
}

function usesData(granted: Permissions): boolean {
  return [...(granted.fs?.read ?? []), ...(granted.fs?.write ?? [])].some(isOwnData);
}

function mounts(grants: readonly PathGrant[], write: boolean): Mount[] {
  return grants.filter((grant) => grant.write === write).map(({ source, target }) => ({ source, target }));
}

// Compiled code is only kept for known content: other content must not run what this one compiled, or the reverse.
function cacheFolder({ plugin, hash, places }: PolicyInput): string | undefined {
  if (hash === undefined || places.cacheDir === undefined || !/^[A-Za-z0-9_-]+$/.test(hash)) return undefined;
  return followed(join(places.cacheDir, 'confined', plugin, hash)).real;
}

function ownFolders({ plugin, directory }: PolicyInput): { directory: string; refusals: string[] } {
  const found = followed(directory);
  const refusals: string[] = [];
  if (!found.stats?.isDirectory()) refusals.push(`plugin folder ${JSON.stringify(directory)}: it does not exist or is no folder`);
  // The name becomes the name of a folder.
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(plugin)) refusals.push(`plugin name ${JSON.stringify(plugin)}: it is no name of a plugin`);
  return { directory: found.real, refusals };
}

function followed(path: string): RealPath {
  try {
    return realPath(path);
  } catch (error) {
    throw new HostError('STORAGE_FAILED', `Cannot follow "${path}": ${(error as Error).message}`, { cause: error });
  }
}
