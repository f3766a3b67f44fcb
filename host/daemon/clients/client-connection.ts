import type { HelloParams, HelloResult } from '@outrigger/schemas';
import { helloParams } from '@outrigger/schemas/validate-client';
import { MessageReader } from '../../process/reader.ts';
import { wireError } from '../../process/services.ts';
import { MessageWriter } from '../../process/writer.ts';
import { HostError } from '../../protocol/errors.ts';
import { HOST } from '../../supervisor/handshake.ts';
import type { Actor } from '../audit.ts';
import { RequestSignal } from './request-signal.ts';
import { assertFits, ClientScope, heardIn } from './requests.ts';
import { type ClientOptions, MAX_REQUESTS } from './types.ts';

const PROTOCOL = 1;
const DEFAULT_MESSAGE_BYTES = 10 * 1024 * 1024;
const OPEN_BRACE = 0x7b;
/** How long a client that asks nothing more has its answers waited for. */
const LAST_ANSWERS_MS = 60_000;
const LOOK_MS = 200;

type Id = string | number;

interface Incoming {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

/** One application on the other end of a pipe or socket: JSON-RPC 2.0 in, events fired, outcomes out. */
export class ClientConnection {
  /** Settles when the client has gone and everything of it has ended. Never rejects. */
  readonly closed: Promise<void>;
  readonly #options: ClientOptions;
  readonly #reader: MessageReader;
  readonly #maxBytes: number;
  readonly #inFlight: Map<Id, RequestSignal> = new Map();
  #writer: MessageWriter | undefined;
  #scope: Promise<ClientScope> | undefined;
  /** Once `hello` was answered. */
  #greeted: ClientScope | undefined;
  #unwatch: () => void = () => {};
  #ended = false;
  readonly #parent: number = process.ppid;
  /** Nothing more is asked. */
  #isLast = false;
  #settle: () => void = () => {};

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#maxBytes = options.maxMessageBytes ?? DEFAULT_MESSAGE_BYTES;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#reader = new MessageReader({
      maxMessageBytes: this.#maxBytes,
      onMessage: (bytes) => this.#onMessage(bytes),
      onPollution: () => this.#refuse(null, new HostError('PARSE_ERROR', 'Cannot read the message: it is not JSON')),
      onInvalid: (why) => this.#refuse(null, new HostError('REQUEST_INVALID', `Cannot read the message: ${why}`)),
      onOversize: (_what, size) => this.#onOversize(size),
    });
    options.input.on('data', (chunk: Buffer) => this.#onData(chunk));
    options.input.once('end', () => this.#onEnd());
    options.input.once('close', () => this.#isLast || this.close());
    options.input.on('error', () => this.close());
  }

  /** Cancels the client's events, ends its sessions and lets go of the streams. Idempotent. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch();
    this.#reader.end();
    for (const abort of this.#inFlight.values()) abort.abort();
    this.#writer?.close();
    this.#options.output.end();
    void this.#scope?.then((scope) => scope.close()).then(this.#settle, this.#settle);
    if (this.#scope === undefined) this.#settle();
  }

  /** Tells the client something it has not asked for. */
  notify(method: string, params: object): void {
    if (!this.#ended) this.#writer?.write(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** On a socket, whoever ends its half may be dead. On two pipes it is a client that asks nothing more, and waits for its answers. */
  #onEnd(): void {
    const { input, output } = this.#options;
    if (Object.is(input, output) || this.#inFlight.size === 0) {
      this.close();
      return;
    }
    this.#isLast = true;
    const until = performance.now() + LAST_ANSWERS_MS;
    // Whoever waits is the process that started this one; its death shows nowhere else before something is written.
    const look = setInterval(() => (performance.now() > until || process.ppid !== this.#parent) && this.close(), LOOK_MS);
    void this.closed.then(() => clearInterval(look));
  }

  #onData(chunk: Buffer): void {
    this.#writer ??= this.#openWriter(chunk);
    this.#reader.push(chunk);
    // Who does not read its answers is not read either.
    if (!this.#writer.writable) this.#options.input.pause();
  }

  /** It is answered in the framing that it speaks. */
  #openWriter(first: Buffer): MessageWriter {
    const start = first.find((byte) => byte > 0x20);
    return new MessageWriter(this.#options.output, {
      framing: start === undefined || start === OPEN_BRACE ? 'lines' : 'content-length',
      onDrain: () => this.#options.input.resume(),
      onError: () => this.close(),
    });
  }

  #onMessage(bytes: Buffer): void {
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString());
    } catch (error) {
      this.#refuse(null, new HostError('PARSE_ERROR', `Cannot read the message: it is not JSON: ${(error as Error).message}`));
      return;
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      this.#refuse(null, new HostError('REQUEST_INVALID', 'Cannot read the message: it is no object; batches are not supported'));
      return;
    }
    const { id, method, params }: Incoming = message;
    if (typeof method !== 'string')
      this.#refuse(isId(id) ? id : null, new HostError('REQUEST_INVALID', 'Cannot answer: there is no "method"'));
    else if (id === undefined) this.#onNotification(method, params);
    else if (isId(id)) void this.#onRequest(id, method, params);
    else this.#refuse(null, new HostError('REQUEST_INVALID', 'Cannot answer: the id must be a string or a number'));
  }

  #onNotification(method: string, params: unknown): void {
    if (method === 'exit') this.close();
    const id = (params as { id?: unknown } | null | undefined)?.id;
    if (method === '$/cancelRequest' && isId(id)) this.#inFlight.get(id)?.abort();
  }

  async #onRequest(id: Id, method: string, params: unknown): Promise<void> {
    if (this.#inFlight.has(id))
      return this.#refuse(id, new HostError('REQUEST_INVALID', `Cannot answer "${method}": a request with this id is open`));
    if (this.#inFlight.size >= MAX_REQUESTS)
      return this.#refuse(
        id,
        new HostError('SERVICE_BUSY', `Cannot answer "${method}": ${MAX_REQUESTS} requests of this client are in flight`),
      );
    const signal = new RequestSignal();
    this.#inFlight.set(id, signal);
    try {
      const answer = this.#answer(method, params, signal);
      this.#send(id, `"result":${JSON.stringify((answer instanceof Promise ? await answer : answer) ?? null)}`);
    } catch (error) {
      if (!(error instanceof HostError)) this.#options.log.error('a request of a client failed', { method, error: String(error) });
      this.#refuse(id, error);
    } finally {
      signal.onOver?.();
      this.#inFlight.delete(id);
      if (this.#isLast && this.#inFlight.size === 0) this.close();
    }
  }

  #answer(method: string, params: unknown, signal: RequestSignal): unknown {
    if (this.#greeted !== undefined && method !== 'hello') return this.#greeted.answer(method, params, signal);
    return this.#answerFirst(method, params, signal);
  }

  /** As long as the host is being opened, requests wait for it. */
  async #answerFirst(method: string, params: unknown, signal: RequestSignal): Promise<unknown> {
    if (method === 'hello') return this.#hello(params);
    if (this.#scope === undefined) throw new HostError('REQUEST_INVALID', `Cannot answer "${method}": the first request must be "hello"`);
    return (await this.#scope).answer(method, params, signal);
  }

  async #hello(params: unknown): Promise<HelloResult> {
    if (this.#scope !== undefined) throw new HostError('REQUEST_INVALID', 'Cannot answer "hello": it was said before');
    this.#scope = this.#open(params);
    try {
      this.#greeted = await this.#scope;
      const { host } = this.#greeted;
      const problems = host.problems.map(({ message, plugin }) => (plugin === undefined ? message : `${plugin}: ${message}`));
      const heard = heardIn(host, host);
      this.#watchHeard(this.#greeted, heard);
      return { protocol: PROTOCOL, version: HOST.version, heard, problems };
    } catch (error) {
      // After the answer.
      setImmediate(() => this.close());
      throw error;
    }
  }

  /** Tells the client when somebody began or ceased to listen. */
  #watchHeard(scope: ClientScope, heard: readonly string[]): void {
    const told = new Map<string | undefined, string>([[undefined, JSON.stringify(heard)]]);
    const tell = (session: string | undefined): void => {
      const now = heardIn(scope.host, scope.scope(session));
      if (told.get(session) === JSON.stringify(now)) return;
      told.set(session, JSON.stringify(now));
      this.notify('heard/changed', { ...(session === undefined ? {} : { session }), heard: now });
    };
    this.#unwatch = scope.host.onChange(() => {
      for (const session of [...told.keys()]) if (session !== undefined && !scope.sessions.has(session)) told.delete(session);
      for (const session of [undefined, ...scope.sessions.keys()]) tell(session);
    });
  }

  async #open(params: unknown): Promise<ClientScope> {
    assertFits('hello', helloParams, params);
    const { hostFor, control, address } = this.#options;
    return new ClientScope(await hostFor(params as HelloParams), control, actorOf(params as HelloParams, address));
  }

  #onOversize(size: number): void {
    const message = `Cannot go on reading: a message has ${size} bytes or more, the limit is ${this.#maxBytes}`;
    this.#refuse(null, new HostError('MESSAGE_TOO_LARGE', message));
    setImmediate(() => this.close());
  }

  #refuse(id: Id | null, error: unknown): void {
    this.#send(id, `"error":${JSON.stringify(wireError(error))}`);
  }

  /** `rest` is JSON without the braces. */
  #send(id: Id | null, rest: string): void {
    if (!this.#ended) this.#writer?.write(`{"jsonrpc":"2.0","id":${typeof id === 'number' ? id : JSON.stringify(id)},${rest}}`);
  }
}

/** Who may connect to the socket is the user whose daemon it is. */
function actorOf({ name, pid }: HelloParams, address: string | undefined): Actor {
  const uid = process.getuid?.();
  const said = { ...(name === undefined ? {} : { name }), ...(pid === undefined ? {} : { pid }) };
  if (address !== undefined) return { via: 'network', ...said, address };
  return { via: 'socket', ...said, ...(uid === undefined ? {} : { uid }) };
}

function isId(id: unknown): id is Id {
  return typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));
}
