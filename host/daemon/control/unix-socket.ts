import { chmod, lstat, rm } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import { HostError } from '../../protocol/errors.ts';

/** How long a socket may take to accept a connection before it counts as dead. */
const ANSWER_MS = 5000;
const READ_BYTES = 64 * 1024;
const ONLY_OWNER = 0o600;
const NOT_OWNER = 0o177;

/**
 * Listens on a Unix socket that only this user may connect to. One left behind by a dead process is replaced; one that somebody
 * answers on is left alone. Throws STORAGE_FAILED.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await clearSocket(path);
  try {
    await listening(server, () => listenQuietly(server, path));
    await chmod(path, ONLY_OWNER);
  } catch (error) {
    throw new HostError('STORAGE_FAILED', `Cannot listen on "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** Settles when the server listens, rejects when it cannot. */
export async function listening(server: Server, listen: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

/** A connection to a socket, or the code of the reason when nobody answers. What it reads is given to `onChunk`, and is valid only during the call. */
export function connectTo(
  path: string,
  onChunk: (chunk: Buffer) => void = () => {},
): Promise<{ readonly socket: Socket } | { readonly code: string }> {
  return new Promise((resolve) => {
    // One buffer for all reads: a new one of 64 KB for each costs as much as parsing what is in it.
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (bytes: number): boolean => {
      onChunk(buffer.subarray(0, bytes));
      return true;
    };
    const socket = connect({ path, onread: { buffer, callback } });
    socket.setTimeout(ANSWER_MS, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    const fail = (error: NodeJS.ErrnoException): void => resolve({ code: error.code ?? error.message });
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      resolve({ socket });
    });
  });
}

/** The socket is made inside `listen`, at once: others must not be able to connect before its mode is set. */
function listenQuietly(server: Server, path: string): void {
  const before = process.umask(NOT_OWNER);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

async function clearSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new HostError('STORAGE_FAILED', `Cannot listen on "${path}": it is no socket; remove it`);
  const answer = await connectTo(path);
  if ('socket' in answer) {
    answer.socket.destroy();
    throw new HostError('STORAGE_FAILED', `Cannot listen on "${path}": another process listens there; name another in OUTRIGGER_SOCKET`);
  }
  if (answer.code === 'ENOENT') return;
  // Anything but a refusal may be a process that is alive and slow.
  if (answer.code !== 'ECONNREFUSED')
    throw new HostError(
      'STORAGE_FAILED',
      `Cannot listen on "${path}": what is there does not refuse connections (${answer.code}); remove it`,
    );
  await rm(path, { force: true });
}
