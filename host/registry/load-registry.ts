import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Catalog, Config } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import type { Places } from '../sandbox/policy/policy.ts';
import { checkOrder } from './check-order.ts';
import { dataFolder, ownPlaces } from './data-folder.ts';
import type { Environment } from './find-config.ts';
import { gatherCandidates, safeMode } from './gather-candidates.ts';
import { loadCatalogs } from './load-catalogs.ts';
import { formatProblem, type LoadedConfig, loadConfig } from './load-config.ts';
import { type Locks, loadLocks, lockFileOf } from './lock-file.ts';
import { registerPlugin, type Surroundings } from './register-plugin.ts';
import { setMistakes } from './sets.ts';
import type { Problem, RegisteredPlugin, Registry } from './types.ts';

export interface RegistryOptions {
  /** A config file, a config, or false for none. Left out: it is looked for from `cwd` upward. */
  readonly config?: string | Config | false;
  readonly cwd: string;
  readonly env: Environment;
  /** Folder for checked manifests and configs; left out: nothing is cached. */
  readonly cacheDir?: string;
  /** Lock file of a config given as an object. Left out: there is none. Beside a config file lies its own. */
  readonly lockFile?: string;
  /** True: every plugin that is switched on must be in a lock file with exactly its content. Left out: OUTRIGGER_FROZEN, then the config. */
  readonly frozen?: boolean;
  /** True: a required plugin that cannot run is a problem of the result. For commands that mend it. Default false. */
  readonly isLenient?: boolean;
  /** Catalogs beside those that the config names: shipped ones by name, others by their folder. */
  readonly catalogNames?: readonly string[];
  /** The application's own catalogs. */
  readonly catalogs?: readonly Catalog[];
  /** Safe mode: no plugin file is read. */
  readonly noPlugins?: boolean;
  /** Plugins of which no file is read. */
  readonly without?: readonly string[];
}

/**
 * Loads the configuration, the catalogs and every plugin's manifest. A broken plugin is a problem in the result;
 * a broken configuration, or a required plugin that cannot run, throws. So does, when frozen, a plugin that is not the accepted one.
 */
export async function loadRegistry(options: RegistryOptions): Promise<Registry> {
  const { cacheDir, cwd, env } = options;
  const isSafe = options.noPlugins ?? isSet(env['OUTRIGGER_NO_PLUGINS']);
  const config = await loadConfig({ config: options.config, cwd, env, cacheDir, isSafe });
  const names = [...new Set([...(config.config.catalogs ?? ['conda']), ...(options.catalogNames ?? [])])];
  const catalogs = await loadCatalogs({ names, objects: options.catalogs ?? [], cacheDir });
  const locks = isSafe ? NO_LOCKS : await loadLocks(lockFiles(options, config), cacheDir);
  const places = { ...placesOf(options, config), written: writtenPaths(config.config, locks), wrote: formerPaths(locks) };
  const admission = { locks, settings: config.config.sandbox, places, cacheDir };
  const around: Surroundings = { hooks: catalogs.hooks, catalogs: catalogs.names, config, cacheDir, admission };
  const without = new Set([...(options.without ?? []), ...listed(env['OUTRIGGER_WITHOUT'])]);
  const { candidates, problems } = isSafe
    ? { candidates: safeMode(config.config), problems: [] }
    : await gatherCandidates(config, { cacheDir, without });
  const judged = await Promise.all(candidates.map((candidate) => registerPlugin(candidate, around)));
  const registrations = await checkOrder(judged, around);
  const plugins = new Map(registrations.map(({ plugin }) => [plugin.name, plugin]));
  if (!isSafe && isFrozen(options, config.config)) requireAccepted([...plugins.values()], config.config, locks.problems);
  if (options.isLenient !== true) for (const plugin of plugins.values()) requireWorking(plugin);
  return {
    config: config.config,
    configFiles: config.files,
    places,
    hooks: catalogs.hooks,
    plugins,
    subscriptions: Map.groupBy(
      registrations.flatMap(({ subscriptions }) => subscriptions),
      ({ hook }) => hook,
    ),
    problems: [
      ...config.problems,
      ...locks.problems,
      ...catalogs.problems,
      ...problems,
      ...(isSafe ? [] : await setProblems(config, plugins.keys())),
      ...[...plugins.values()].flatMap((plugin) => plugin.problems),
    ],
  };
}

const NO_LOCKS: Locks = { entries: new Map(), problems: [] };

function lockFiles({ lockFile, cwd }: RegistryOptions, { files }: LoadedConfig): string[] {
  const named = files.length === 0 && lockFile !== undefined ? [resolve(cwd, lockFile)] : [];
  return [...named, ...files.map(lockFileOf)];
}

function placesOf({ cwd, env, cacheDir }: RegistryOptions, { config, files: [file] }: LoadedConfig): Places {
  const xdg = env['XDG_CONFIG_HOME'];
  return {
    workspace: cwd,
    config: file === undefined ? cwd : dirname(file),
    dataDir: dataFolder(env, config),
    own: ownPlaces(env, config, cwd),
    cacheDir,
    home: env['HOME'] || homedir(),
    configHome: xdg && isAbsolute(xdg) ? join(xdg, 'outrigger') : undefined,
    path: env['PATH'],
    programs: [...(config.pluginFolders ?? []), ...Object.values(config.plugins ?? {}).flatMap(({ path }) => path ?? [])],
  };
}

/** By the operator's word alone: what a plugin asks for beyond it, it does not get. */
function writtenPaths({ plugins = {} }: Config, { entries }: Locks): ReadonlyMap<string, readonly string[]> {
  const untrusted = Object.entries(plugins).filter(([, { trust }]) => trust !== 'full');
  return new Map(untrusted.map(([name, { grant }]) => [name, (grant ?? entries.get(name)?.locked.grant)?.fs?.write ?? []]));
}

/** Whatever was accepted once, of plugins that are not in the config any more too: what they left behind is still there. */
function formerPaths({ entries }: Locks): ReadonlyMap<string, readonly string[]> {
  return new Map([...entries].map(([name, { locked }]) => [name, [...(locked.wrote ?? []), ...(locked.grant.fs?.write ?? [])]]));
}

function isFrozen({ frozen, env }: RegistryOptions, { sandbox }: Config): boolean {
  return frozen ?? (isSet(env['OUTRIGGER_FROZEN']) || sandbox?.requireLock === true);
}

/** Throws PLUGIN_REFUSED, naming every plugin in the config that is not switched off and not the accepted one. */
function requireAccepted(plugins: readonly RegisteredPlugin[], { plugins: listed = {} }: Config, problems: readonly Problem[]): void {
  const isOff = ({ state }: RegisteredPlugin): boolean => state === 'disabled' || state === 'without';
  const wrong = plugins.filter((plugin) => Object.hasOwn(listed, plugin.name) && !isOff(plugin) && plugin.lock !== 'accepted');
  if (wrong.length === 0 && problems.length === 0) return;
  const lines = wrong.map(
    ({ name, reason }) => `"${name}": ${reason ?? `it is in no lock file: look at it and run "outrigger plugins trust ${name}"`}`,
  );
  const message = `Cannot start with a frozen lock: ${[...problems.map(formatProblem), ...lines].join('\n')}`;
  throw new HostError('PLUGIN_REFUSED', message, { data: wrong.map(({ name }) => name) });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}

function listed(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

async function setProblems(config: LoadedConfig, plugins: Iterable<string>): Promise<Problem[]> {
  const issues = setMistakes(config.config.sets, plugins);
  return Promise.all(issues.map(async ({ pointer, severity, message }) => ({ ...(await config.place(pointer)), severity, message })));
}

/** The operator may switch a required plugin off; it may not be missing by accident. */
function requireWorking(plugin: RegisteredPlugin): void {
  if (!plugin.required || (plugin.state !== 'broken' && plugin.state !== 'untrusted')) return;
  const problems = plugin.problems.filter(({ severity }) => severity === 'error');
  const cause = problems.length > 0 ? problems.map(formatProblem).join('\n') : plugin.reason;
  throw new HostError('PLUGIN_REQUIRED', `Cannot start without plugin "${plugin.name}", which the config requires: ${cause}`, {
    data: problems,
  });
}
