import type { Duplex } from 'node:stream';
import { MessageReader } from '../process/reader.ts';
import { MessageWriter } from '../process/writer.ts';
import { ERRORS, type ErrorCode, HostError } from '../protocol/errors.ts';

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: HostError): void;
}

export interface WireOptions {
  readonly onNotification: (method: string, params: unknown) => void;
  /** Called once, when nothing can be asked any more. */
  readonly onEnd: () => void;
}

/** Requests over one stream. Every request settles exactly once: answered, cancelled, or failed with the connection. */
export class Wire {
  readonly #stream: Duplex;
  readonly #options: WireOptions;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  readonly #waiting: Map<number, Waiting> = new Map();
  #lastId = 0;
  #ended: string | undefined;

  constructor(stream: Duplex, options: WireOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#writer = new MessageWriter(stream, { framing: 'lines', onDrain: () => {}, onError: (error) => this.end(error.message) });
    const odd = (): void => this.end('the host sent what is no message');
    this.#reader = new MessageReader({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onMessage: (bytes) => this.#onMessage(bytes),
      onPollution: odd,
      onInvalid: odd,
      onOversize: odd,
    });
    stream.on('data', (chunk: Buffer) => this.#reader.push(chunk));
    stream.once('close', () => this.end('the connection was closed'));
    stream.on('error', (error) => this.end(error.message));
  }

  /** Rejects with the host's error, with EVENT_CANCELLED, or with HOST_STOPPED when the connection is lost. */
  request<T>(method: string, params: object, signal?: AbortSignal): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(gone(method, this.#ended));
    if (signal?.aborted) return Promise.reject(cancelled(method));
    const id = ++this.#lastId;
    this.#writer.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.notify('$/cancelRequest', { id });
        this.#waiting.delete(id);
        reject(cancelled(method));
      };
      const settled = (): void => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, {
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

  /** Fails what waits. Idempotent. */
  end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#writer.close();
    this.#reader.end();
    this.#stream.end();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(gone('the request', why));
    this.#options.onEnd();
  }

  #onMessage(bytes: Buffer): void {
    const message = parsed(bytes);
    if (message === undefined) this.end('the host sent what is no message');
    else if (typeof message.method === 'string') this.#options.onNotification(message.method, message.params);
    else if (typeof message.id === 'number') this.#onAnswer(message.id, message);
  }

  #onAnswer(id: number, { result, error }: Incoming): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(errorOf(error));
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

function errorOf({ message, data }: NonNullable<Incoming['error']>): HostError {
  const code = typeof data?.code === 'string' && Object.hasOwn(ERRORS, data.code) ? (data.code as ErrorCode) : 'INTERNAL_ERROR';
  return new HostError(code, typeof message === 'string' ? message : 'The host failed without a message');
}

function cancelled(method: string): HostError {
  return new HostError('EVENT_CANCELLED', `Cannot finish "${method}": it was cancelled`);
}

function gone(what: string, why: string): HostError {
  return new HostError('HOST_STOPPED', `Cannot finish ${what === 'the request' ? what : `"${what}"`}: ${why}`);
}
