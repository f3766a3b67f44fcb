import type { Catalog, Config } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { checkOrder } from './check-order.ts';
import type { Environment } from './find-config.ts';
import { gatherCandidates, safeMode } from './gather-candidates.ts';
import { loadCatalogs } from './load-catalogs.ts';
import { formatProblem, type LoadedConfig, loadConfig } from './load-config.ts';
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
  /** The application's own catalogs. */
  readonly catalogs?: readonly Catalog[];
  /** Safe mode: no plugin file is read. */
  readonly noPlugins?: boolean;
  /** Plugins of which no file is read. */
  readonly without?: readonly string[];
}

/**
 * Loads the configuration, the catalogs and every plugin's manifest. A broken plugin is a problem in the result;
 * a broken configuration, or a required plugin that cannot run, throws.
 */
export async function loadRegistry(options: RegistryOptions): Promise<Registry> {
  const { cacheDir, cwd, env } = options;
  const isSafe = options.noPlugins ?? isSet(env['OUTRIGGER_NO_PLUGINS']);
  const config = await loadConfig({ config: options.config, cwd, env, cacheDir, isSafe });
  const names = config.config.catalogs ?? ['conda'];
  const catalogs = await loadCatalogs({ names, objects: options.catalogs ?? [], cacheDir });
  const around: Surroundings = { hooks: catalogs.hooks, catalogs: catalogs.names, config, cacheDir };
  const without = new Set([...(options.without ?? []), ...listed(env['OUTRIGGER_WITHOUT'])]);
  const { candidates, problems } = isSafe
    ? { candidates: safeMode(config.config), problems: [] }
    : await gatherCandidates(config, { cacheDir, without });
  const judged = await Promise.all(candidates.map((candidate) => registerPlugin(candidate, around)));
  const registrations = await checkOrder(judged, around);
  const plugins = new Map(registrations.map(({ plugin }) => [plugin.name, plugin]));
  for (const plugin of plugins.values()) requireWorking(plugin);
  return {
    config: config.config,
    configFiles: config.files,
    hooks: catalogs.hooks,
    plugins,
    subscriptions: Map.groupBy(
      registrations.flatMap(({ subscriptions }) => subscriptions),
      ({ hook }) => hook,
    ),
    problems: [
      ...config.problems,
      ...catalogs.problems,
      ...problems,
      ...(isSafe ? [] : await setProblems(config, plugins.keys())),
      ...[...plugins.values()].flatMap((plugin) => plugin.problems),
    ],
  };
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
