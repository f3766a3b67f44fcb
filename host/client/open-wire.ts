import { lstat } from 'node:fs/promises';
import { connectTo } from '../daemon/control/unix-socket.ts';
import { Wire, type WireOptions } from './wire.ts';

/** Version of the client protocol that we speak. */
export const PROTOCOL = 1;
const ANSWER_MS = 30_000;

/** A connection to the daemon at a socket; else why there is none, as a clause. A socket that another user made is not spoken to. */
export async function openWire(path: string, options: WireOptions = {}): Promise<{ readonly wire: Wire } | { readonly reason: string }> {
  const stranger = await strangerAt(path);
  if (stranger !== undefined) return { reason: `it belongs to another user (uid ${stranger})` };
  let wire: Wire | undefined;
  const answer = await connectTo(path, (chunk) => wire?.push(chunk));
  if ('code' in answer) return { reason: REASONS[answer.code] ?? `connecting failed with ${answer.code}` };
  wire = new Wire(answer.socket, options);
  return { wire };
}

/** The same, with `hello` said, for those who only ask. Rejects with what the daemon answers to it. */
export async function greetDaemon(
  path: string,
  name: string,
  deadlineMs: number = ANSWER_MS,
): Promise<{ readonly wire: Wire } | { readonly reason: string }> {
  const opened = await openWire(path, { deadlineMs });
  if ('reason' in opened) return opened;
  try {
    await opened.wire.request('hello', { protocol: PROTOCOL, name, pid: process.pid });
    return opened;
  } catch (error) {
    opened.wire.end('it said no to hello');
    throw error;
  }
}

/** Whoever made the socket would read what we say. */
async function strangerAt(path: string): Promise<number | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  const own = process.getuid?.();
  return stats === undefined || own === undefined || stats.uid === own || stats.uid === 0 ? undefined : stats.uid;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no socket',
  ECONNREFUSED: 'the socket is dead, its daemon ended without cleaning up',
  EACCES: 'this user may not connect to it',
  ETIMEDOUT: 'it does not answer',
};
