import { basename } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { discoverPlugins, type FoundPlugin, type FoundPlugins } from './discover-plugins.ts';
import type { LoadedConfig } from './load-config.ts';
import { loadManifest } from './load-manifest.ts';
import type { Candidate } from './register-plugin.ts';
import { setsOf } from './sets.ts';
import type { Problem } from './types.ts';

export interface GatherOptions {
  readonly cacheDir: string | undefined;
  /** Plugins of which no file is read. */
  readonly without: ReadonlySet<string>;
}

interface Gathered {
  readonly candidates: readonly Candidate[];
  readonly problems: readonly Problem[];
}

/** Every plugin there is, with its manifest read: those of the config in its order, then those merely found in plugin folders. */
export async function gatherCandidates(loaded: LoadedConfig, { cacheDir, without }: GatherOptions): Promise<Gathered> {
  const { config } = loaded;
  const listed = listedPlugins(config, without);
  const off = new Set([...without, ...listed.filter((candidate) => candidate.off).map(({ name }) => name)]);
  const found = await discoverPlugins(config.pluginFolders ?? [], { cacheDir, skip: off });
  const problems: Problem[] = [...found.problems];
  const byName = new Map<string, FoundPlugin>();
  const paths = new Set(listed.map(({ directory }) => directory));
  for (const plugin of found.plugins.filter(({ directory }) => !paths.has(directory))) {
    const first = byName.get(plugin.name)?.directory ?? listed.find(({ name }) => name === plugin.name)?.directory;
    if (first === undefined) byName.set(plugin.name, plugin);
    else problems.push(twice(plugin, first));
  }
  const working = await Promise.all(listed.map((candidate) => withManifest(candidate, { loaded, cacheDir, found, byName })));
  const candidates = [...working, ...brokenPlugins(loaded, without)];
  for (const { name, directory, loaded: manifest } of byName.values()) {
    if (candidates.some((candidate) => candidate.name === name)) continue;
    candidates.push({
      ...candidateOf(config, name, candidates.length),
      directory,
      ...(without.has(name) ? leftOut : { loaded: manifest }),
    });
  }
  for (const name of without) {
    if (candidates.some((candidate) => candidate.name === name) || found.skipped.has(name)) continue;
    const hint = didYouMean(
      name,
      candidates.map((candidate) => candidate.name),
    );
    problems.push({ severity: 'warning', message: `Cannot leave out plugin "${name}": no plugin has that name${hint}` });
  }
  return { candidates, problems };
}

/** The plugins of a config, all switched off, with no file read. */
export function safeMode(config: Config): Candidate[] {
  const off = { state: 'without', reason: 'plugins are switched off (--no-plugins or OUTRIGGER_NO_PLUGINS)' } as const;
  return listedPlugins(config, new Set()).map((candidate) => ({ ...candidate, off }));
}

const leftOut = { off: { state: 'without', reason: 'left out for this run (--without or OUTRIGGER_WITHOUT)' } } as const;

/** Plugins whose own entry in the config is a mistake: they are broken, and nothing of theirs is read. */
function brokenPlugins({ config, broken }: LoadedConfig, without: ReadonlySet<string>): Candidate[] {
  return [...broken].map(([name, { isRequired, problems }], index) => {
    const candidate = candidateOf(config, name, Object.keys(config.plugins ?? {}).length + index);
    return without.has(name) ? { ...candidate, ...leftOut } : { ...candidate, entry: { required: isRequired }, problems };
  });
}

function listedPlugins(config: Config, without: ReadonlySet<string>): Candidate[] {
  return Object.keys(config.plugins ?? {}).map((name, index) => {
    const candidate = candidateOf(config, name, index);
    if (without.has(name)) return { ...candidate, ...leftOut };
    const reason = disabledReason(candidate);
    return reason === undefined ? candidate : { ...candidate, off: { state: 'disabled', reason } };
  });
}

function candidateOf(config: Config, name: string, order: number): Candidate {
  const { plugins = {} } = config;
  const entry = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  return { name, entry, sets: setsOf(name, config.sets), order, directory: entry?.path, loaded: undefined, problems: [], off: undefined };
}

/** A plugin's own word wins; else the nearest set that says anything. */
function disabledReason({ name, entry, sets }: Candidate): string | undefined {
  if (entry?.enabled !== undefined) return entry.enabled ? undefined : `plugins.${name}.enabled is false`;
  const decisive = sets.find(({ set }) => set.enabled !== undefined);
  return decisive?.set.enabled === false ? `sets.${decisive.name}.enabled is false` : undefined;
}

interface Search {
  readonly loaded: LoadedConfig;
  readonly cacheDir: string | undefined;
  readonly found: FoundPlugins;
  readonly byName: ReadonlyMap<string, FoundPlugin>;
}

async function withManifest(candidate: Candidate, { loaded, cacheDir, found, byName }: Search): Promise<Candidate> {
  const { name, directory } = candidate;
  if (candidate.off !== undefined) return candidate;
  if (directory !== undefined) return { ...candidate, loaded: await loadManifest(directory, cacheDir) };
  const plugin = byName.get(name);
  if (plugin !== undefined) return { ...candidate, directory: plugin.directory, loaded: plugin.loaded };
  const message = notFound(name, loaded.config.pluginFolders ?? [], found);
  return { ...candidate, problems: [{ severity: 'error', ...(await loaded.place(`/plugins/${name}`)), message }] };
}

function notFound(name: string, folders: readonly string[], found: FoundPlugins): string {
  if (folders.length === 0) return `Cannot find plugin "${name}": give its "path", or the "pluginFolders" to look in`;
  const names = found.plugins.map((plugin) => plugin.name);
  return `Cannot find plugin "${name}": no plugin in "${folders.join('", "')}" has that name${didYouMean(name, names)}`;
}

function twice({ name, directory, loaded }: FoundPlugin, first: string): Problem {
  const message = `Cannot use the plugin "${name}" in "${basename(directory)}": "${first}" has the same name; rename one of them`;
  return { severity: 'error', file: loaded.file ?? directory, line: 1, column: 1, pointer: '/name', plugin: name, message };
}
