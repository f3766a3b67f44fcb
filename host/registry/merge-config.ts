import { resolve } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { isBuiltIn } from './load-catalogs.ts';

type Sandbox = NonNullable<Config['sandbox']>;

/** Makes every path absolute: relative ones against the folder of the file they stand in, `~/` against the home folder. */
export function absolutePaths(config: Config, folder: string, home: string | undefined): Config {
  const at = (path: string) => (home !== undefined && path.startsWith('~/') ? resolve(home, path.slice(2)) : resolve(folder, path));
  const out: Config = { ...config };
  if (config.catalogs) out.catalogs = config.catalogs.map((name) => (isBuiltIn(name) ? name : at(name)));
  if (config.pluginFolders) out.pluginFolders = config.pluginFolders.map(at);
  if (config.dataDir !== undefined) out.dataDir = at(config.dataDir);
  if (config.traces?.file !== undefined) out.traces = { ...config.traces, file: at(config.traces.file) };
  if (config.plugins) {
    out.plugins = Object.fromEntries(
      Object.entries(config.plugins).map(([name, entry]) => [name, entry.path === undefined ? entry : { ...entry, path: at(entry.path) }]),
    );
  }
  return out;
}

/**
 * The stronger config over the weaker one, key by key. Plugins, sets, limits, traces and the sandbox are merged by name and inside one
 * entry again key by key; folders and catalogs add up, because a plugin the weaker file names must still be found.
 */
export function mergeConfigs(strong: Config, weak: Config): Config {
  const out: Config = { ...weak, ...strong };
  if (strong.limits && weak.limits) out.limits = { ...weak.limits, ...strong.limits };
  if (strong.traces && weak.traces) out.traces = { ...weak.traces, ...strong.traces };
  if (strong.sandbox && weak.sandbox) out.sandbox = mergeSandbox(strong.sandbox, weak.sandbox);
  if (strong.plugins && weak.plugins) out.plugins = byName(strong.plugins, withoutTrust(weak.plugins, strong.plugins));
  if (strong.sets && weak.sets) out.sets = byName(strong.sets, weak.sets);
  if (strong.pluginFolders && weak.pluginFolders) out.pluginFolders = union(strong.pluginFolders, weak.pluginFolders);
  if (strong.catalogs && weak.catalogs) out.catalogs = union(strong.catalogs, weak.catalogs);
  return out;
}

/** Key by key; what one file keeps from every plugin, the other does not give back. */
function mergeSandbox(strong: Sandbox, weak: Sandbox): Sandbox {
  const out: Sandbox = { ...weak, ...strong };
  if (strong.limits && weak.limits) out.limits = { ...weak.limits, ...strong.limits };
  if (strong.never && weak.never) out.never = union(strong.never, weak.never);
  return out;
}

/** Trust was given to the code in one folder: it does not follow the name to another. */
function withoutTrust(weak: NonNullable<Config['plugins']>, strong: NonNullable<Config['plugins']>): NonNullable<Config['plugins']> {
  const kept = Object.entries(weak).map(([name, entry]) => {
    const path = Object.hasOwn(strong, name) ? strong[name]?.path : undefined;
    if (path === undefined || path === entry.path) return [name, entry] as const;
    const { trust: _, grant: __, ...rest } = entry;
    return [name, rest] as const;
  });
  return Object.fromEntries(kept);
}

function byName<T extends object>(strong: Record<string, T>, weak: Record<string, T>): Record<string, T> {
  const of = (one: Record<string, T>, name: string): T | undefined => (Object.hasOwn(one, name) ? one[name] : undefined);
  // From a list: a plugin called "constructor" must not be taken for what every object has.
  const names = new Set([...Object.keys(strong), ...Object.keys(weak)]);
  return Object.fromEntries([...names].map((name) => [name, { ...of(weak, name), ...of(strong, name) } as T]));
}

function union(strong: readonly string[], weak: readonly string[]): string[] {
  return [...new Set([...strong, ...weak])];
}
