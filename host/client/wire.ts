import type { Socket } from 'node:net';
import { MessageReader } from '../process/reader.ts';
import { MessageWriter } from '../process/writer.ts';
import { ERRORS, type ErrorCode, HostError } from '../protocol/errors.ts';

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

interface Waiting {
  readonly method: string;
  resolve(result: unknown): void;
  reject(error: HostError): void;
}

export interface WireOptions {
  readonly onNotification?: (method: string, params: unknown) => void;
  /** Called once, when nothing can be asked any more. */
  readonly onEnd?: (wire: Wire) => void;
  /** A request without an answer for so many milliseconds ends the connection. Default: none does. */
  readonly deadlineMs?: number | undefined;
}

/** Requests over one socket. Every request settles exactly once: answered, cancelled, or failed with the connection. */
export class Wire {
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #onNotification: (method: string, params: unknown) => void;
  readonly #onEnd: (wire: Wire) => void;
  readonly #deadlineMs: number | undefined;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  readonly #waiting: Map<number, Waiting> = new Map();
  #lastId = 0;
  #ended: string | undefined;

  constructor(socket: Socket, { onNotification = () => {}, onEnd = () => {}, deadlineMs }: WireOptions = {}) {
    this.#socket = socket;
    this.#onNotification = onNotification;
    this.#onEnd = onEnd;
    this.#deadlineMs = deadlineMs;
    this.#writer = new MessageWriter(socket, { framing: 'lines', onDrain: () => {}, onError: (error) => this.end(error.message) });
    const odd = (): void => this.end('it sent what is no message');
    this.#reader = new MessageReader({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onMessage: (bytes) => this.#onMessage(bytes),
      onPollution: odd,
      onInvalid: odd,
      onOversize: odd,
    });
    socket.on('data', (chunk: Buffer) => this.#reader.push(chunk));
    socket.on('error', (error) => this.end(error.message));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.end('it closed the connection');
        resolve();
      });
    });
  }

  /** Rejects with the host's error, with EVENT_CANCELLED after `signal`, or with HOST_STOPPED when no answer can come any more. */
  request<T>(method: string, params: object = {}, signal?: AbortSignal): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(gone(method, this.#ended));
    if (signal?.aborted) return Promise.reject(cancelled(method));
    const id = ++this.#lastId;
    this.#writer.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve, reject) => {
      if (signal === undefined && this.#deadlineMs === undefined) {
        this.#waiting.set(id, { method, resolve: resolve as Waiting['resolve'], reject });
        return;
      }
      const onAbort = (): void => {
        this.notify('$/cancelRequest', { id });
        this.#settle(id)?.reject(cancelled(method));
      };
      const timer = this.#deadline();
      const settled = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, {
        method,
        resolve: (result) => {
          settled();
          resolve(result as T);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
    });
  }

  notify(method: string, params: object): void {
    if (this.#ended === undefined) this.#writer.write(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Fails what waits and closes the socket. Idempotent. */
  end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#writer.close();
    this.#reader.end();
    this.#socket.destroySoon();
    this.#rejectAll((method) => gone(method, why));
    this.#onEnd(this);
  }

  #deadline(): NodeJS.Timeout | undefined {
    const ms = this.#deadlineMs;
    return ms === undefined ? undefined : setTimeout(() => this.end(`no answer within ${ms} ms`), ms);
  }

  #onMessage(bytes: Buffer): void {
    const message = parsed(bytes);
    if (message === undefined) this.end('it sent what is no message');
    else if (typeof message.method === 'string') this.#onNotification(message.method, message.params);
    else if (typeof message.id === 'number') this.#onAnswer(message.id, message);
    // Without an id it is about the connection as a whole.
    else if (message.error !== undefined) this.#rejectAll(() => errorOf(message.error));
  }

  #onAnswer(id: number, { result, error }: Incoming): void {
    const waiting = this.#settle(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(errorOf(error));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #rejectAll(errorFor: (method: string) => HostError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { method, reject } of waiting) reject(errorFor(method));
  }
}

interface Incoming {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown; readonly data?: { readonly code?: unknown } };
}

function parsed(bytes: Buffer): Incoming | undefined {
  try {
    const message: unknown = JSON.parse(bytes.toString());
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

function errorOf(error: Incoming['error']): HostError {
  const { message, data } = error ?? {};
  const code = typeof data?.code === 'string' && Object.hasOwn(ERRORS, data.code) ? (data.code as ErrorCode) : 'INTERNAL_ERROR';
  return new HostError(code, typeof message === 'string' ? message : 'The host failed without a message');
}

function cancelled(method: string): HostError {
  return new HostError('EVENT_CANCELLED', `Cannot finish "${method}": it was cancelled`);
}

function gone(method: string, why: string): HostError {
  return new HostError('HOST_STOPPED', `Cannot ask the daemon for "${method}": ${why}`);
}
