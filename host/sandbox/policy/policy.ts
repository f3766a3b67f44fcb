import { join } from 'node:path';
import type { Config, Manifest, Permissions } from '@outrigger/schemas';
import { HostError } from '../../protocol/errors.ts';
import type { Guarantee, Mount, Policy, ProgramPlaces } from '../types.ts';
import { envRefusal } from './env-refusal.ts';
import { executedPlaces } from './executed.ts';
import { fillIn, isOwnData, type PathVariables } from './fill-in.ts';
import { forbiddenPlaces, type OwnPlaces } from './forbidden.ts';
import { examine, type GrantContext, type OtherWriter, type PathGrant, relate } from './grants.ts';
import type { AcceptedPaths } from './led-paths.ts';
import { limitsOf } from './limits-of.ts';
import { masksOf } from './masks.ts';
import { netRules } from './net-rules.ts';
import { type Place, placeAt } from './place.ts';
import { programPlaces } from './program-places.ts';
import { isWithin, type RealPath, realPath } from './real-path.ts';

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
  /** What else is the host's own, such as traces and sockets; absolute. */
  readonly own?: OwnPlaces | undefined;
  /** Folders whose content the host runs, such as those of the configured plugins: never written by a plugin. */
  readonly programs?: readonly string[] | undefined;
  /** Paths that plugins without full trust were granted for writing, as they were written; by plugin. */
  readonly written?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Paths that any plugin without full trust was ever granted for writing, as they were written; by plugin. */
  readonly wrote?: ReadonlyMap<string, readonly string[]> | undefined;
  /** The host's own PATH: the only place where programs outside the system's folders are looked for. */
  readonly path?: string | undefined;
}

export interface PolicyInput {
  readonly plugin: string;
  /** Name of its data folder; its own name when left out. */
  readonly keptAs?: string;
  /** What will be seen as /plugin. */
  readonly directory: string;
  /** Content hash, `sha256-…`; undefined for a plugin that is not in the lock. */
  readonly hash: string | undefined;
  /** Asked ∩ granted. */
  readonly granted: Permissions;
  /** Where the granted paths led when they were accepted, out of the lock file; undefined where the config grants, or nobody did. */
  readonly accepted?: AcceptedPaths | undefined;
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
  const masked = masksOf(paths.kept, paths.forbidden);
  const refusals = [...paths.refusals, ...masked.refusals, ...net.refusals, ...env, ...own.refusals];
  if (refusals.length > 0) return { refusals };
  const policy: Policy = {
    plugin: input.plugin,
    directory: own.directory,
    dataDir: usesData(granted) ? followed(join(places.dataDir, 'data', input.keptAs ?? input.plugin)).real : undefined,
    cacheDir: cacheFolder(input),
    read: mounts(paths.kept, false),
    write: mounts(paths.kept, true),
    ...(masked.masks.length === 0 ? {} : { masks: masked.masks }),
    programs: programsOf(input),
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
  if (policy.masks !== undefined) needs.add('masks');
  if (policy.net.length > 0) needs.add('netAllow');
  if (!policy.canFork) needs.add('fork');
  return needs;
}

function grantedPaths(input: PolicyInput): ReturnType<typeof relate> & { readonly forbidden: readonly Place[] } {
  const { granted, settings, places, directory } = input;
  const variables = { workspace: places.workspace, config: places.config };
  const never = (settings?.never ?? []).map((text) => ({ text, filled: fillIn(text, variables) }));
  const broken = never.flatMap(({ text, filled }) => ('why' in filled ? [`sandbox.never ${JSON.stringify(text)}: ${filled.why}`] : []));
  const all = [...pathsOf(granted, 'read'), ...pathsOf(granted, 'write')];
  if (all.length === 0 || broken.length > 0) return { kept: [], refusals: broken, forbidden: [] };
  const context: GrantContext = {
    variables,
    forbidden: forbiddenPlaces(places, pathsIn(settings?.never ?? [], variables)),
    executed: executedPlaces({ ...places, directory }),
    ipc: granted.ipc === true,
    others: writersIn(places.written, variables).filter((other) => other.plugin !== input.plugin),
    formers: writersIn(places.wrote, variables),
    accepted: input.accepted,
  };
  const examined = all.map(({ text, write }) => examine(text, write, context)).filter((each) => each !== undefined);
  const related = relate(examined.flatMap((each) => ('grant' in each ? [each.grant] : [])));
  const refused = examined.flatMap((each) => ('refusal' in each ? [each.refusal] : []));
  return { kept: related.kept, refusals: [...refused, ...related.refusals], forbidden: context.forbidden };
}

/** Programs are looked up by the operator's PATH; where plugins may write, this one too, none is. */
function programsOf({ directory, settings, places }: PolicyInput): ProgramPlaces {
  const variables = { workspace: places.workspace, config: places.config };
  const written = [places.written, places.wrote].flatMap((texts) => writersIn(texts, variables).map(({ path }) => path));
  return programPlaces({
    path: places.path,
    home: places.home,
    projects: [places.workspace, places.config],
    plugins: [directory, ...(places.programs ?? []), join(places.dataDir, 'data'), ...written],
    forbidden: () => forbiddenPlaces(places, pathsIn(settings?.never ?? [], variables)),
  });
}

/** Where paths lead as they are written; those that say nothing, or mean the plugin's own data, are left out. Pure. */
function pathsIn(texts: readonly string[], variables: PathVariables): string[] {
  return texts.flatMap((text) => {
    const filled = isOwnData(text) ? undefined : fillIn(text, variables);
    return filled !== undefined && 'path' in filled ? [filled.path] : [];
  });
}

function writersIn(texts: Places['written'], variables: PathVariables): OtherWriter[] {
  return [...(texts ?? [])].flatMap(([plugin, paths]) =>
    pathsIn(paths, variables).flatMap((path) => placeAt(path, plugin).map((place) => ({ plugin, path: place.path }))),
  );
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

// Compiled code is only kept for known content: other content must not run what this one compiled, or the reverse, nor the same in another project.
function cacheFolder({ plugin, keptAs, hash, places }: PolicyInput): string | undefined {
  if (hash === undefined || places.cacheDir === undefined || !/^[A-Za-z0-9_-]+$/.test(hash)) return undefined;
  return followed(join(places.cacheDir, 'confined', keptAs ?? plugin, hash)).real;
}

function ownFolders({ plugin, directory, places }: PolicyInput): { directory: string; refusals: string[] } {
  const found = followed(directory);
  const refusals: string[] = [];
  if (isWithin(found.real, followed(join(places.dataDir, 'data')).real))
    refusals.push(`plugin folder ${JSON.stringify(directory)}: it lies in the data folder of a plugin, which may write there; move it`);
  const held = [places.dataDir, places.cacheDir, places.home].find(
    (path) => path !== undefined && isWithin(followed(path).real, found.real),
  );
  if (held !== undefined)
    refusals.push(
      `plugin folder ${JSON.stringify(directory)}: it holds "${held}", which no plugin may see; move the plugin to a folder of its own`,
    );
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
