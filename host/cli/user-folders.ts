import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where traces go when the config names no file; undefined for a user without a home. */
export function stateFolder(env: Environment): string | undefined {
  return folder(env, 'XDG_STATE_HOME', '.local/state');
}

/** Where what can be made again is kept. */
export function cacheFolder(env: Environment): string | undefined {
  return folder(env, 'XDG_CACHE_HOME', '.cache');
}

function folder(env: Environment, variable: string, below: string): string | undefined {
  const named = env[variable];
  // The XDG specification: a relative path is as if there were none.
  if (named && isAbsolute(named)) return join(named, 'outrigger');
  return env['HOME'] ? join(env['HOME'], below, 'outrigger') : undefined;
}
