import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import type { Environment } from './find-config.ts';

/** Where a host keeps plugin storage, data folders and accepted copies. */
export function dataFolder(env: Environment, config: Config): string {
  return env['OUTRIGGER_DATA_DIR'] || config.dataDir || userFolder(env, 'XDG_DATA_HOME', '.local/share');
}

/** Where what can be made again is kept. */
export function cacheFolder(env: Environment): string {
  return userFolder(env, 'XDG_CACHE_HOME', '.cache');
}

function userFolder(env: Environment, variable: string, below: string): string {
  const named = env[variable];
  // The XDG specification: a relative path is as if there were none.
  return join(named && isAbsolute(named) ? named : join(env['HOME'] || homedir(), below), 'outrigger');
}
