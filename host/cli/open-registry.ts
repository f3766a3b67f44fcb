import { loadRegistry } from '../registry/load-registry.ts';
import type { Registry } from '../registry/types.ts';
import type { CliContext } from './context.ts';
import { cacheFolder } from './user-folders.ts';

/** Everything there is to know about plugins and hook points, without starting anything. */
export function openRegistry({ options, cwd, env }: CliContext): Promise<Registry> {
  const cacheDir = cacheFolder(env);
  return loadRegistry({
    cwd,
    env,
    ...(options.noPlugins ? { noPlugins: true } : {}),
    without: [...options.without],
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
  });
}
