import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type LoadedManifest, loadManifest } from './load-manifest.ts';
import type { Problem } from './types.ts';

/** A sub-folder of a plugin folder, or the folder an entry names. */
export interface FoundPlugin {
  readonly name: string;
  readonly directory: string;
  readonly loaded: LoadedManifest;
}

export interface FoundPlugins {
  readonly plugins: readonly FoundPlugin[];
  /** Names of sub-folders that were not looked into. */
  readonly skipped: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** Reads the manifest in every sub-folder of the plugin folders, in order; `skip` names sub-folders nobody may look into. */
export async function discoverPlugins(
  folders: readonly string[],
  options: { readonly cacheDir: string | undefined; readonly skip: ReadonlySet<string> },
): Promise<FoundPlugins> {
  const problems: Problem[] = [];
  const directories: string[] = [];
  for (const folder of folders) {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      const names = entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'));
      directories.push(...names.map(({ name }) => join(folder, name)).sort());
    } catch (error) {
      const cause = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      problems.push({ severity: 'error', file: folder, message: `Cannot read the plugin folder "${folder}": ${cause}` });
    }
  }
  const looked = directories.filter((directory) => !options.skip.has(basename(directory)));
  const found = await Promise.all(
    looked.map(async (directory) => {
      const loaded = await loadManifest(directory, options.cacheDir);
      return { name: loaded.value?.name ?? basename(directory), directory, loaded };
    }),
  );
  // A sub-folder without a manifest is simply no plugin.
  const skipped = new Set(directories.map((directory) => basename(directory)).filter((name) => options.skip.has(name)));
  return { plugins: found.filter(({ loaded }) => loaded.file !== undefined), skipped, problems };
}
