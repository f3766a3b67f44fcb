import { loadRegistry, type RegistryOptions } from '../registry/load-registry.ts';
import type { Registry } from '../registry/types.ts';
import type { CliContext } from './context.ts';
import { cacheFolder } from './user-folders.ts';

/**
 * Everything there is to know about plugins and hook points, without starting anything. Frozen when the command line says so only:
 * one must be able to look at what a config or the environment keeps from running.
 */
export function openRegistry({ options, cwd, env }: CliContext, how: Pick<RegistryOptions, 'isLenient'> = {}): Promise<Registry> {
  const cacheDir = cacheFolder(env);
  return loadRegistry({
    ...how,
    frozen: options.frozen,
    cwd,
    env,
    ...(options.noPlugins ? { noPlugins: true } : {}),
    without: [...options.without],
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
  });
}
