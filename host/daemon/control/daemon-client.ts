import { lstat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { MessageReader } from '../../process/reader.ts';
import { ERRORS, type ErrorCode, HostError } from '../../protocol/errors.ts';
import { connectTo } from './unix-socket.ts';

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const ANSWER_MS = 30_000;

interface Waiting {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: HostError) => void;
  readonly timer: NodeJS.Timeout;
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown; readonly data?: { readonly code?: unknown } };
}

/** One connection to a daemon, for the command line: asks, and waits for the answer. */
export class DaemonClient {
  /** Settles when the connection has ended. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Map<number, Waiting> = new Map();
  #next = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new MessageReader({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onMessage: (bytes) => this.#onMessage(bytes),
      onPollution: () => socket.destroy(),
      onInvalid: () => socket.destroy(),
      onOversize: () => socket.destroy(),
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { method, reject } of this.#waiting.values())
          reject(new HostError('HOST_STOPPED', `Cannot ask the daemon for "${method}": it closed the connection`));
        resolve();
      });
    });
  }

  /** Rejects with what the daemon says, or with HOST_STOPPED when it does not answer. */
  ask<T>(method: string, params: object = {}, deadlineMs: number = ANSWER_MS): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new HostError('HOST_STOPPED', `Cannot ask the daemon for "${method}": no answer within ${deadlineMs} ms`));
        this.close();
      }, deadlineMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        method,
        timer,
        resolve: (result) => {
          settle();
          resolve(result as T);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      if (this.#socket.destroyed)
        this.#waiting.get(id)?.reject(new HostError('HOST_STOPPED', `Cannot ask the daemon for "${method}": it is gone`));
      else this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onMessage(bytes: Buffer): void {
    const answer = parse(bytes);
    // Whatever it is, it is no daemon.
    if (answer === undefined) this.close();
    else this.#settle(answer);
  }

  #settle({ id, result, error }: Answer): void {
    if (error === undefined) {
      this.#waiting.get(id as number)?.resolve(result);
      return;
    }
    const refusal = new HostError(codeOf(error?.data?.code), String(error?.message));
    // Without an id it is about the connection as a whole.
    const meant = typeof id === 'number' ? [this.#waiting.get(id)] : [...this.#waiting.values()];
    for (const waiting of meant) waiting?.reject(refusal);
  }
}

/** Connects and says hello. Undefined with the reason when no daemon answers; rejects with what a daemon says. */
export async function connectToDaemon(
  path: string,
  name: string,
): Promise<{ readonly client: DaemonClient } | { readonly reason: string }> {
  const stranger = await strangerAt(path);
  if (stranger !== undefined) return { reason: `it belongs to another user (uid ${stranger})` };
  const answer = await connectTo(path);
  if ('code' in answer) return { reason: REASONS[answer.code] ?? `connecting failed with ${answer.code}` };
  const client = new DaemonClient(answer.socket);
  try {
    await client.ask('hello', { protocol: 1, name });
    return { client };
  } catch (error) {
    client.close();
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

function parse(bytes: Buffer): Answer | undefined {
  try {
    const message: unknown = JSON.parse(bytes.toString());
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(code: unknown): ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'INTERNAL_ERROR';
}
