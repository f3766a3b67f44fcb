import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Config } from '@outrigger/schemas';
import type { OwnPlaces } from '../sandbox/policy/forbidden.ts';
import type { Environment } from './find-config.ts';

/** Where a host keeps plugin storage, data folders and accepted copies. */
export function dataFolder(env: Environment, config: Config): string {
  return env['OUTRIGGER_DATA_DIR'] || config.dataDir || userFolder(env, 'XDG_DATA_HOME', '.local/share');
}

/** Where a plugin comes from, as 16 hexadecimal digits: another for each folder that holds one, by whatever path it is reached. */
export function originOf(directory: string): string {
  return createHash('sha256').update(canonical(directory)).digest('hex').slice(0, 16);
}

/** Name of the folders in which a plugin's storage and data are kept. Any project can have a plugin of the same name: that is not the same plugin. */
export function keptAs(plugin: string, directory: string): string {
  return `${plugin}-${originOf(directory)}`;
}

/** Where what can be made again is kept. */
export function cacheFolder(env: Environment): string {
  return userFolder(env, 'XDG_CACHE_HOME', '.cache');
}

/**
 * What the host keeps for this user beside its data and its cache: traces, sockets of daemons, and the data of projects whose config names no
 * folder for it. No plugin may see any of it, wherever this config keeps its own.
 */
export function ownPlaces(env: Environment, { traces }: Config, cwd: string): OwnPlaces {
  const runtime = env['XDG_RUNTIME_DIR'];
  const isNamed = runtime !== undefined && isAbsolute(runtime);
  const shared = join(env['TMPDIR'] || tmpdir(), `outrigger-${process.getuid?.() ?? ''}`);
  const socket = env['OUTRIGGER_SOCKET'];
  const file = traces?.file;
  return {
    folders: [
      userFolder(env, 'XDG_STATE_HOME', '.local/state'),
      userFolder(env, 'XDG_DATA_HOME', '.local/share'),
      isNamed ? join(runtime, 'outrigger') : shared,
    ],
    files: [...(file === undefined ? [] : [file, `${file}.1`]), ...(socket ? [socket] : [])].map((path) => resolve(cwd, path)),
  };
}

function canonical(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // It is gone; what was kept for it stays reachable.
    return resolve(directory);
  }
}

function userFolder(env: Environment, variable: string, below: string): string {
  const named = env[variable];
  // The XDG specification: a relative path is as if there were none.
  return join(named && isAbsolute(named) ? named : join(env['HOME'] || homedir(), below), 'outrigger');
}
