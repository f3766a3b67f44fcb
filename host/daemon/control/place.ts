import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { HostError } from '../../protocol/errors.ts';
import { type Environment, findConfig } from '../../registry/find-config.ts';

/** Where the one daemon of a config listens and keeps its lock. */
export interface DaemonPlace {
  /** The config file; undefined when there is none. */
  readonly config: string | undefined;
  /** Names what belongs to this daemon: a hash of the config file's real path. */
  readonly key: string;
  /** Folder of the lock, this user's own. */
  readonly folder: string;
  readonly socket: string;
  /** True: the socket's path was named by OUTRIGGER_SOCKET, and its folder is not ours to make. */
  readonly isNamed: boolean;
  readonly lock: string;
}

export interface PlaceOptions {
  /** `--config`. */
  readonly config: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
}

/** Bytes of a socket's path that every system takes: 104 on macOS and 108 on Linux, with the null byte. */
export const MAX_SOCKET_BYTES = 103;

/** The place of a config's daemon, the same for those who serve and those who ask. Throws CONFIG_INVALID for a path too long for a socket. */
export async function daemonPlace({ config, cwd, env }: PlaceOptions): Promise<DaemonPlace> {
  const { files } = await findConfig({ explicit: config, cwd, env });
  const [file] = files;
  const real = file === undefined ? undefined : await realpath(file).catch(() => file);
  const key = createHash('sha256')
    .update(real ?? 'no config')
    .digest('hex')
    .slice(0, 16);
  const folder = await runtimeFolder(env);
  const named = env['OUTRIGGER_SOCKET'];
  const socket = named ? resolve(cwd, named) : join(folder, `${key}.sock`);
  if (Buffer.byteLength(socket) > MAX_SOCKET_BYTES) {
    const message = `Cannot use the socket "${socket}": its path is longer than ${MAX_SOCKET_BYTES} bytes; name a shorter one in OUTRIGGER_SOCKET`;
    throw new HostError('CONFIG_INVALID', message);
  }
  return { config: real, key, folder, socket, isNamed: Boolean(named), lock: join(folder, `${key}.lock`) };
}

/** The user's folder for sockets; without one, a folder of this user alone in the temporary folder. */
async function runtimeFolder(env: Environment): Promise<string> {
  const named = env['XDG_RUNTIME_DIR'];
  // The XDG specification: a relative path is as if there were none.
  if (named && isAbsolute(named)) return join(named, 'outrigger');
  const uid = process.getuid?.();
  const usual = `/run/user/${uid}`;
  const stats = await stat(usual).catch(() => undefined);
  if (uid !== undefined && stats?.isDirectory() && stats.uid === uid) return join(usual, 'outrigger');
  return join(env['TMPDIR'] || tmpdir(), uid === undefined ? 'outrigger' : `outrigger-${uid}`);
}
