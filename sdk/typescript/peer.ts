export type RequestId = number | string | null;

export interface PeerHandlers {
  /** What it returns, or its promise, is the result; what it throws is the error. */
  request(method: string, params: unknown, id: RequestId): unknown;
  notification(method: string, params: unknown): void;
}

/**
 * A service of the host refused or failed.
 *
 * @example
 * try { await storage.set('key', value); } catch (error) {
 *   if (error instanceof ServiceError && error.code === 'QUOTA_EXCEEDED') log.warn('storage is full');
 * }
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** Stable name such as `PERMISSION_DENIED`. */
  readonly code: string;
  /** JSON-RPC error number. */
  readonly number: number;

  constructor(code: string, number: number, message: string) {
    super(message);
    this.code = code;
    this.number = number;
  }
}

/** An error answer with a number of its own; anything else that is thrown is answered with −32603. */
export class WireError extends Error {
  readonly code: string;
  readonly number: number;

  constructor(code: string, number: number, message: string) {
    super(message);
    this.code = code;
    this.number = number;
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: ServiceError): void;
  /** From now on a signal that is aborted tells nobody. */
  settled(): void;
}

/** One end of a JSON-RPC 2.0 connection; knows texts, not streams. */
export class Peer {
  maxBytes: number;
  readonly #handlers: PeerHandlers;
  readonly #send: (text: string) => void;
  readonly #pending = new Map<RequestId, Pending>();
  #lastId = 0;

  constructor(handlers: PeerHandlers, send: (text: string) => void, maxBytes: number) {
    this.#handlers = handlers;
    this.#send = send;
    this.maxBytes = maxBytes;
  }

  receive(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch (error) {
      this.refuse(null, new WireError('PARSE_ERROR', -32700, `Cannot read the message: ${messageOf(error)}`));
      return;
    }
    if (!isObject(message)) {
      this.refuse(null, new WireError('REQUEST_INVALID', -32600, 'Cannot read the message: batches are not supported'));
      return;
    }
    const id = message['id'] as RequestId | undefined;
    if (typeof message['method'] !== 'string') this.#settle(id, message);
    else if (id === undefined) this.#handlers.notification(message['method'], message['params']);
    else this.#serve(id, message['method'], message['params']);
  }

  /** Rejects with a `ServiceError`. Aborting the signal tells the other end; its answer still settles the request. */
  request(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
      if (this.#isTooLarge(text)) {
        throw new ServiceError('MESSAGE_TOO_LARGE', -32007, `Cannot call "${method}": the message is larger than ${this.maxBytes} bytes`);
      }
      const cancel = (): void => void this.notify('$/cancelRequest', { id });
      // Before sending: in memory the answer comes at once.
      this.#pending.set(id, { resolve, reject, settled: () => signal?.removeEventListener('abort', cancel) });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#send(text);
    });
  }

  /** False when it is larger than the host reads, and was not sent: it would cost the plugin its life. */
  notify(method: string, params: object): boolean {
    const text = JSON.stringify({ jsonrpc: '2.0', method, params });
    if (this.#isTooLarge(text)) return false;
    this.#send(text);
    return true;
  }

  refuse(id: RequestId, error: unknown): void {
    const { number, code } = error instanceof WireError ? error : { number: -32603, code: 'INTERNAL_ERROR' };
    const answer = { jsonrpc: '2.0', id, error: { code: number, message: messageOf(error).slice(0, 2000), data: { code } } };
    this.#send(JSON.stringify(answer));
  }

  #serve(id: RequestId, method: string, params: unknown): void {
    try {
      const result = this.#handlers.request(method, params, id);
      if (result instanceof Promise) {
        result.then(
          (value) => this.#answer(id, value),
          (error) => this.refuse(id, error),
        );
      } else {
        this.#answer(id, result);
      }
    } catch (error) {
      this.refuse(id, error);
    }
  }

  #answer(id: RequestId, result: unknown): void {
    let message: string;
    try {
      // In one piece: a large result need not be copied into a text around it.
      message = JSON.stringify({ jsonrpc: '2.0', id, result: result ?? {} });
    } catch (error) {
      this.refuse(id, new Error(`Cannot send the answer: ${messageOf(error)}`, { cause: error }));
      return;
    }
    if (this.#isTooLarge(message)) {
      this.refuse(id, new WireError('MESSAGE_TOO_LARGE', -32007, `Cannot send the answer: it is larger than ${this.maxBytes} bytes`));
    } else {
      this.#send(message);
    }
  }

  // A text of n characters has at most 3n bytes: nearly always this says enough.
  #isTooLarge(text: string): boolean {
    return text.length * 3 > this.maxBytes && Buffer.byteLength(text) > this.maxBytes;
  }

  #settle(id: RequestId | undefined, message: Record<string, unknown>): void {
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id as RequestId);
    pending.settled();
    const { error } = message;
    if (!isObject(error)) {
      pending.resolve(message['result']);
      return;
    }
    const data = isObject(error['data']) ? error['data'] : {};
    pending.reject(new ServiceError(String(data['code'] ?? 'INTERNAL_ERROR'), Number(error['code']), String(error['message'])));
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
