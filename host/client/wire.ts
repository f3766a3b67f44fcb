import type { Socket } from 'node:net';
import { MessageReader } from '../process/reader.ts';
import { MessageWriter } from '../process/writer.ts';
import { ERRORS, type ErrorCode, errorText, HostError } from '../protocol/errors.ts';

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
/** With room for the rest of a message. */
const MOST_PARAMS_BYTES = MAX_MESSAGE_BYTES - 1024;
/** How long a daemon may say nothing while something is asked of it. */
export const SILENCE_MS = 10_000;
/** Looks at it in that time; the one after them ends the connection, so that one look too late, of a busy client, ends nothing. */
const LOOKS = 2;

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
  /**
   * While something is asked, a daemon that says nothing is sent a ping, and one that says nothing for so many milliseconds, or up to half as many
   * more, counts as hung: the connection ends. Infinity: never. Default `SILENCE_MS`.
   */
  readonly silenceMs?: number | undefined;
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
  readonly #silenceMs: number;
  readonly #look: NodeJS.Timeout | undefined;
  #isHeard = false;
  #silentLooks = 0;
  #lastId = 0;
  #ended: string | undefined;

  /** What comes from the socket is given to `push()`. */
  constructor(socket: Socket, { onNotification = () => {}, onEnd = () => {}, deadlineMs, silenceMs = SILENCE_MS }: WireOptions = {}) {
    this.#socket = socket;
    this.#silenceMs = silenceMs;
    // A timer of its own for each request would cost as much as writing it.
    if (silenceMs !== Number.POSITIVE_INFINITY) this.#look = setInterval(() => this.#onLook(), silenceMs / LOOKS).unref();
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
      onOversize: () => this.end(`it sent a message of more than ${MAX_MESSAGE_BYTES} bytes`),
    });
    socket.on('error', (error) => this.end(error.message));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.end('it closed the connection');
        resolve();
      });
    });
  }

  /** What the socket read; the bytes are looked at in this call only. */
  push(chunk: Buffer): void {
    this.#isHeard = true;
    this.#reader.push(chunk);
  }

  /**
   * Rejects with the host's error, with EVENT_CANCELLED after `signal`, with HOST_STOPPED when no answer can come any more, with PARAMS_INVALID
   * or MESSAGE_TOO_LARGE for what cannot be sent: then nothing else is lost.
   */
  request<T>(method: string, params: object = {}, signal?: AbortSignal): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(gone(method, this.#ended));
    if (signal?.aborted) return Promise.reject(cancelled(method));
    const text = paramsText(method, params);
    if (text instanceof HostError) return Promise.reject(text);
    const id = ++this.#lastId;
    this.#writer.write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${text}}`);
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
    clearInterval(this.#look);
    this.#writer.close();
    this.#reader.end();
    this.#socket.destroySoon();
    this.#rejectAll((method) => gone(method, why));
    this.#onEnd(this);
  }

  /** Who hangs answers no ping either; who is busy with a long event does. */
  #onLook(): void {
    const isSilent = this.#waiting.size > 0 && !this.#isHeard;
    this.#isHeard = false;
    this.#silentLooks = isSilent ? this.#silentLooks + 1 : 0;
    if (this.#silentLooks === 1) this.request('ping').catch(() => {});
    if (this.#silentLooks > LOOKS) this.end(`it hangs: it said nothing for ${this.#silenceMs} ms, not even to a ping`);
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

function paramsText(method: string, params: object): string | HostError {
  let text: string;
  try {
    text = JSON.stringify(params);
  } catch (cause) {
    return new HostError('PARAMS_INVALID', `Cannot ask the daemon for "${method}": what is to be sent is no JSON: ${errorText(cause)}`, {
      cause,
    });
  }
  // A character takes three bytes at most: to most texts nothing more is done.
  const isLarge = text.length > MOST_PARAMS_BYTES / 3 && Buffer.byteLength(text) > MOST_PARAMS_BYTES;
  if (!isLarge) return text;
  return new HostError('MESSAGE_TOO_LARGE', `Cannot ask the daemon for "${method}": its params are larger than ${MOST_PARAMS_BYTES} bytes`);
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
