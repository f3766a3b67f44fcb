import { type ErrorCode, HostError, wireNumber } from '../protocol/errors.ts';
import { isDeeper, MAX_DEPTH } from '../protocol/is-deeper.ts';
import { isLarger, tooLarge } from './size.ts';
import { Turns } from './turns.ts';

const MAX_IN_FLIGHT = 64;
/** What requests in flight, and answers that wait to be read, may take of the host's memory together, in bytes; one alone may take more. */
export const MAX_IN_FLIGHT_WEIGHT: number = 32 * 1024 * 1024;
/** A method nobody has is quoted in the answer. */
const MAX_METHOD_CHARS = 200;

/** A plugin's request as it came off the wire. */
export interface ServiceRequest {
  readonly jsonrpc: '2.0';
  readonly id: string | number;
  readonly method: string;
  readonly params?: unknown;
}

/** What the JSON-RPC library does for us: hands requests to a handler, their cancellation and their answers. */
export interface Rpc {
  deliver(message: object): void;
  close(): void;
}

export interface ServicesOptions {
  /** Opened at the first request: a plugin that asks for nothing costs nothing. */
  readonly openRpc: () => Rpc;
  /** Answers a request that is never handed on. */
  readonly refuse: (id: string | number | null, code: ErrorCode, message: string) => void;
  /** False while the plugin leaves much of what was written to it unread. */
  readonly isRead: () => boolean;
}

/** Requests from plugin to host: bounded, and let through to the library only in shapes it can handle. */
export class Services {
  readonly #options: ServicesOptions;
  /** What each takes of memory. By text: the library takes 1 and "1" for the same id. */
  readonly #inFlight = new Map<string, number>();
  /** Those of them whose answers wait to be read. */
  readonly #unread = new Set<string>();
  readonly #turns = new Turns();
  #weight = 0;
  #rpc: Rpc | undefined;
  refused = 0;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** `weight`: what the message takes of memory, in bytes. */
  request({ id, params }: { readonly id?: unknown; readonly params?: unknown }, method: string, weight: number): void {
    const problem = method.length > MAX_METHOD_CHARS ? `its method is longer than ${MAX_METHOD_CHARS} characters` : badRequest(id, params);
    if (problem !== undefined) {
      this.#options.refuse(isId(id) ? id : null, 'REQUEST_INVALID', `Cannot serve "${method.slice(0, 100)}": ${problem}`);
      return;
    }
    if (!isId(id)) return;
    this.drained();
    if (this.#inFlight.has(String(id))) {
      this.#options.refuse(id, 'REQUEST_INVALID', `Cannot serve "${method.slice(0, 100)}": a request with id ${id} is still in flight`);
      return;
    }
    const busy = this.#whyBusy(weight);
    if (busy !== undefined) {
      this.refused++;
      this.#options.refuse(id, 'SERVICE_BUSY', `Cannot serve "${method.slice(0, 100)}": ${busy}`);
      return;
    }
    this.#weigh(String(id), weight);
    const start = (): void => this.#deliver({ jsonrpc: '2.0', id, method, ...(params == null ? {} : { params }) });
    this.#turns.take(String(id), method, { start, mayStart: this.#options.isRead() });
  }

  /** Only a cancellation of a request in flight is handed on: the library would keep the others for ever. */
  cancel(id: unknown): void {
    if (!isId(id) || !this.#inFlight.has(String(id))) return;
    if (this.#turns.giveUp(String(id))) {
      this.#options.refuse(id, 'EVENT_CANCELLED', 'Cannot serve the request: it was cancelled before its turn came');
      this.#forget(String(id));
    } else if (!this.#unread.has(String(id))) this.#rpc?.deliver({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
  }

  /** Called when the answer to a request was written. One that waits to be read keeps its place: answers may not pile up. */
  settled(id: unknown, bytes: number): void {
    if (!this.#inFlight.has(String(id))) return;
    if (this.#options.isRead()) {
      this.#forget(String(id));
      this.#turns.next();
      return;
    }
    this.#unread.add(String(id));
    this.#weigh(String(id), bytes);
  }

  /** The plugin may have read what was written to it. */
  drained(): void {
    if (!this.#options.isRead()) return;
    for (const id of this.#unread) this.#forget(id);
    this.#turns.next();
  }

  close(): void {
    this.#rpc?.close();
    this.#rpc = undefined;
    this.#inFlight.clear();
    this.#unread.clear();
    this.#turns.clear();
    this.#weight = 0;
  }

  #deliver(request: ServiceRequest): void {
    this.#rpc ??= this.#options.openRpc();
    this.#rpc.deliver(request);
  }

  #whyBusy(weight: number): string | undefined {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return `${MAX_IN_FLIGHT} requests are in flight already`;
    if (this.#inFlight.size === 0 || this.#weight + weight <= MAX_IN_FLIGHT_WEIGHT) return undefined;
    return `those in flight and answers you have not read would take more than ${MAX_IN_FLIGHT_WEIGHT} bytes of the host's memory`;
  }

  #weigh(id: string, weight: number): void {
    this.#weight += weight - (this.#inFlight.get(id) ?? 0);
    this.#inFlight.set(id, weight);
  }

  #forget(id: string): void {
    this.#weight -= this.#inFlight.get(id) ?? 0;
    this.#inFlight.delete(id);
    this.#unread.delete(id);
    this.#turns.leave(id);
  }
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' || typeof id === 'number';
}

function badRequest(id: unknown, params: unknown): string | undefined {
  if (!isId(id)) return 'its id is neither a number nor a string';
  if (String(id).length > 200) return 'its id is longer than 200 characters';
  if (Array.isArray(params)) return 'parameters are given by position and not by name';
  if (params !== undefined && typeof params !== 'object') return 'its params are no object';
  if (isDeeper(params, MAX_DEPTH)) return `its params nest deeper than ${MAX_DEPTH} levels`;
  return undefined;
}

/** The error a plugin may see: a HostError as it is, anything else without details. */
export function wireError(error: unknown): {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly code: ErrorCode };
} {
  const known = error instanceof HostError ? error : new HostError('INTERNAL_ERROR', 'The host failed; its log says how');
  return { code: wireNumber(known.code), message: known.message, data: { code: known.code } };
}

export interface RpcAnswer {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The answer as JSON; an error in its place when the result is no JSON or larger than a message may be. */
export function answerText(answer: RpcAnswer, plugin: string, maxMessageBytes: number): string {
  let error: HostError;
  try {
    const text = JSON.stringify({ jsonrpc: '2.0', ...answer });
    if (!isLarger(text, maxMessageBytes)) return text;
    const { code, message } = tooLarge(`answer plugin "${plugin}"`, maxMessageBytes);
    error = new HostError(code, message);
  } catch {
    // The service's own mistake: the plugin learns no details.
    error = new HostError('INTERNAL_ERROR', 'The host failed: the result of the service is no JSON');
  }
  return JSON.stringify({ jsonrpc: '2.0', id: answer.id, error: wireError(error) });
}
