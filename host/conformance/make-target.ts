import { resolve } from 'node:path';
import { type Catalog, type Config, type Manifest, type PluginEntry, catalogs as shipped } from '@outrigger/schemas';
import { pluginSpec } from '../daemon/plugin-spec.ts';
import { resolveCommand } from '../process/resolve-command.ts';
import { HostError } from '../protocol/errors.ts';
import { check } from '../protocol/validator.ts';
import { loadCatalogs } from '../registry/load-catalogs.ts';
import { formatProblem } from '../registry/load-config.ts';
import { loadManifest } from '../registry/load-manifest.ts';
import { loadRegistry } from '../registry/load-registry.ts';
import { everything } from '../registry/trust.ts';
import type { LoadedHook, Registry } from '../registry/types.ts';
import { PROBE_CATALOG, PROBE_HOOK, PROBE_PAYLOADS } from './probe-catalog.ts';
import { sampleValue } from './sample-value.ts';
import { secretNames } from './secret-names.ts';
import type { Framing, Json, Target, TargetHook } from './types.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Place {
  readonly cwd: string;
  readonly env: Environment;
  /** Where Node keeps compiled code. */
  readonly cacheDir: string;
  /** Folders of catalogs beside the one that ships. */
  readonly catalogs?: readonly string[];
}

export interface FolderOptions extends Place {
  /** The plugin's own configuration; what its schema requires and this lacks is made up. */
  readonly config?: Json;
  /** True: it runs in the sandbox with everything its manifest asks for. Default: bare, with your rights. */
  readonly isConfined?: boolean;
}

export interface CommandOptions extends Place {
  readonly hooks?: readonly string[];
  readonly framing?: Framing;
  readonly config?: Json;
  /** Default 64. */
  readonly concurrency?: number;
}

/** A plugin's folder as something to test. Throws PLUGIN_REFUSED or CONFIG_INVALID with every problem of its manifest. */
export async function folderTarget(folder: string, options: FolderOptions): Promise<Target> {
  const { cwd, env, cacheDir, isConfined = false } = options;
  const directory = resolve(cwd, folder);
  const { value: manifest, problems } = await loadManifest(directory, undefined);
  if (manifest === undefined) {
    throw new HostError('CONFIG_INVALID', `Cannot test "${folder}": ${problems.map(formatProblem).join('\n')}`);
  }
  const config = { ...requiredConfig(manifest), ...options.config };
  const entry: PluginEntry = {
    path: directory,
    config,
    ...(isConfined ? { trust: 'none', grant: everything(manifest) } : { trust: 'full' }),
  };
  const registry = await openAlone(manifest.name, entry, options);
  const plugin = registry.plugins.get(manifest.name);
  if (plugin === undefined || plugin.state !== 'enabled') {
    throw new HostError('PLUGIN_REFUSED', `Cannot test "${folder}": ${plugin?.reason ?? 'its manifest cannot be used'}`);
  }
  const hooks = Object.keys(manifest.hooks);
  const spec = pluginSpec(plugin, { config: registry.config, env, cacheDir, inspect: false, hooks });
  const modes = new Map([...registry.subscriptions.values()].flat().map(({ hook, mode }) => [hook, mode]));
  return {
    name: spec.name,
    version: spec.version,
    launch: spec.launch,
    confine: spec.confine,
    framing: spec.framing,
    hooks: hooks.map((name) => targetHook(name, registry.hooks.get(name), modes.get(name) ?? manifest.hooks[name]?.mode)),
    config: { ...spec.config },
    concurrency: spec.concurrency,
    secrets: secretNames(manifest),
  };
}

/** A bare command as something to test; it has no manifest, so what it hears must be said. */
export async function commandTarget(words: readonly string[], options: CommandOptions): Promise<Target> {
  const { cwd, env, hooks = [], framing = 'lines', config = {}, concurrency = 64 } = options;
  const [command = '', ...args] = words;
  const found = resolveCommand(command.includes('/') ? resolve(cwd, command) : command, cwd, env['PATH'] ?? '');
  if ('problem' in found) throw new HostError('CONFIG_INVALID', `Cannot test "${words.join(' ')}": ${found.problem}`);
  const known = await loadCatalogs({ names: catalogNames(options), objects: [PROBE_CATALOG] });
  const name = 'command';
  const own = Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined));
  return {
    name: words.join(' '),
    version: '0',
    launch: { plugin: name, command: found.file, args, cwd, env: { ...own, OUTRIGGER_PLUGIN: name, OUTRIGGER_PROTOCOL: '1' } },
    confine: undefined,
    framing,
    hooks: hooks.map((hook) => targetHook(hook, known.hooks.get(hook), undefined)),
    config,
    concurrency,
    secrets: [],
  };
}

function openAlone(name: string, entry: PluginEntry, place: Place): Promise<Registry> {
  const { cwd, env } = place;
  const config: Config = { plugins: { [name]: entry }, catalogs: catalogNames(place) };
  return loadRegistry({ config, cwd, env, catalogs: [PROBE_CATALOG as Catalog], noPlugins: false, isLenient: true });
}

/** Every catalog that ships, and those that were named. */
export function catalogNames({ cwd, catalogs = [] }: Pick<Place, 'cwd' | 'catalogs'>): string[] {
  return [...Object.keys(shipped), ...catalogs.map((folder) => resolve(cwd, folder))];
}

function requiredConfig({ configSchema }: Manifest): Json {
  return configSchema === undefined ? {} : (sampleValue(configSchema, 'least') as Json);
}

function targetHook(name: string, rules: LoadedHook | undefined, mode: TargetHook['mode'] = 'sequential'): TargetHook {
  return { name, mode, rules, payloads: payloadsOf(name, rules) };
}

/** Samples that fit, the plainest first; an empty object where nothing is known of the hook point. */
export function payloadsOf(name: string, rules: LoadedHook | undefined): readonly Json[] {
  if (name === PROBE_HOOK) return PROBE_PAYLOADS;
  if (rules === undefined) return [{}];
  const samples = (['least', 'most'] as const).map((fullness) => sampleValue(rules.rules.payload, fullness) as Json);
  const fitting = samples.filter((sample) => check(rules.validatePayload, sample) === undefined);
  return fitting.length > 0 ? fitting : [{}];
}
