import { journalFile } from '../journal/journal.ts';
import { dataFolder } from '../registry/data-folder.ts';
import { loadConfig } from '../registry/load-config.ts';
import type { CliContext } from './context.ts';
import { cacheFolder } from './user-folders.ts';

/** The journal that a daemon of this config writes, whether it is there or not. */
export async function journalPlace({ options, cwd, env }: CliContext): Promise<string> {
  const config = options.config === undefined ? {} : { config: options.config };
  const { config: settings } = await loadConfig({ ...config, cwd, env, cacheDir: cacheFolder(env) });
  return journalFile(dataFolder(env, settings));
}
