import { launch } from '../process/launch.ts';
import { MessageReader } from '../process/reader.ts';
import { within } from '../process/terminate.ts';
import type { Child, Exit } from '../process/types.ts';
import { enclose } from '../sandbox/enclose.ts';
import { CheckFailure } from './check-failure.ts';
import { ExchangeLog, KEPT_CHARACTERS } from './exchange-log.ts';
import { endOf, type Id, isAnswer, isObject, isSameId } from './messages.ts';
import { plainServices } from './plain-services.ts';
import type { Framing, Json, Received, Target, Watch } from './types.ts';

const MAX_MESSAGE_BYTES = 10_485_760;
const KEPT_LINES = 200;
/** How long an answer may take where the requirement says nothing. */
const ANSWER_MS = 5000;
export const START_MS = 10_000;
const DRAIN_MS = 1000;
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** One process of a plugin, spoken to in bytes: this client can say what no host ever would. */
export class WireClient {
  readonly log: ExchangeLog;
  /** Every message the plugin sent, in order. */
  readonly received: Received[] = [];
  /** What on stdout was no message: stray lines, bad JSON, bad framing. */
  readonly strays: string[] = [];
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Answers a request of the plugin; undefined leaves it open. Default: a storage, errors for the rest. */
  onRequest: (message: Json) => Json | undefined = plainServices();
  exit: Exit | undefined;
  readonly #child: Child;
  readonly #framing: Framing;
  readonly #stderr: string[] = [];
  readonly #watch: Watch;
  /** Ids of requests that were not counted up. */
  readonly #odd = new Set<string>();
  readonly #drained: Promise<unknown>;
  #lastId = 0;

  constructor(target: Target, watch: Watch = {}) {
    this.#watch = watch;
    this.log = new ExchangeLog(watch.onExchange);
    const enclosure = target.confine?.();
    this.#framing = target.framing;
    this.#child = enclosure ? enclose(target.name, enclosure, { log: SILENT, onDenied: () => {} }) : launch(target.launch);
    const reader = new MessageReader({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onMessage: (bytes) => this.#receive(bytes),
      onPollution: (text) => this.#stray(text.toString()),
      onInvalid: (why, bytes) => this.#stray(`${why}: ${bytes.toString('utf8', 0, 200)}`),
      onOversize: (what, size) => this.#stray(`a ${what} of more than ${size} bytes`),
    });
    this.#child.stdout.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#keepStderr(chunk.toString()));
    this.#drained = Promise.all(
      [this.#child.stdout, this.#child.stderr].map((stream) => new Promise((done) => stream.once('close', done))),
    );
    this.exited = this.#child.exited.then((exit) => {
      this.exit = exit;
      this.log.keep('note', `the process ended: ${endOf(exit)}`);
      return exit;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the plugin printed on stderr, the last lines. */
  get stderr(): string {
    return this.#stderr.join('').slice(-KEPT_CHARACTERS);
  }

  now(): number {
    return this.log.now();
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Writes messages, each in its frame, in one write. */
  send(...messages: readonly (Json | string)[]): void {
    const texts = messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)));
    for (const text of texts) {
      this.#remember(text);
      this.log.keep('host', text);
    }
    this.#write(Buffer.from(texts.map((text) => this.frame(text)).join('')));
  }

  /** Whether a request with this id was sent. */
  hasAsked(id: unknown): boolean {
    return this.#odd.has(String(id)) || (Number(id) >= 1 && Number(id) <= this.#lastId);
  }

  /** Writes bytes as they are, in pieces of so many bytes, a turn of the loop apart. */
  async sendInPieces(text: string, size: number): Promise<void> {
    const bytes = Buffer.from(text);
    this.log.keep('host', `${text.slice(0, 200)} … (${bytes.length} bytes in pieces of ${size})`);
    for (let at = 0; at < bytes.length; at += size) {
      this.#write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Writes bytes as they are, which may be anything; `what` stands for them in the exchange. */
  sendBytes(bytes: Buffer, what: string): void {
    this.log.keep('host', what);
    this.#write(bytes);
  }

  /** Reads no more: what the plugin writes now breaks its pipe. */
  stopReading(): void {
    this.log.keep('note', 'stdout was closed');
    this.#child.stdout.destroy();
  }

  frame(text: string): string {
    return this.#framing === 'lines' ? `${text}\n` : `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  }

  /** Sends a request and gives the answer to it; fails the check when none comes. */
  async request(method: string, params: unknown, { id = this.nextId(), withinMs = ANSWER_MS }: RequestOptions = {}): Promise<Json> {
    const request = { jsonrpc: '2.0', id, method, params };
    this.send(request);
    return this.answer(id, method, withinMs);
  }

  notify(method: string, params: unknown): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** Waits for the answer to a request that was sent. */
  async answer(id: Id, what: string, withinMs: number = ANSWER_MS): Promise<Json> {
    const isAnswered = (): boolean => this.answersTo(id).length > 0;
    await this.until(isAnswered, `no answer to ${what} (id ${JSON.stringify(id)})`, withinMs);
    return this.answersTo(id)[0]?.message as Json;
  }

  answersTo(id: Id): Received[] {
    return this.received.filter(({ message }) => isAnswer(message) && isSameId(message['id'], id));
  }

  /** Messages of one method that the plugin sent. */
  sent(method: string): Json[] {
    return this.received.map(({ message }) => message).filter((message) => message['method'] === method);
  }

  /** Waits until the condition holds; fails the check at the end of the time, or when the process ends. */
  async until(condition: () => boolean, otherwise: string, withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    while (!condition()) {
      const leftMs = end - performance.now();
      // What was written before the end may still be on its way.
      if (this.exit !== undefined) await this.drained();
      if (condition()) return;
      if (this.exit !== undefined) throw new CheckFailure(`${otherwise}: the process ${endOf(this.exit)}${this.#lastWords()}`);
      if (leftMs <= 0) throw new CheckFailure(`${otherwise} within ${withinMs} ms${this.#lastWords()}`);
      await this.log.next(leftMs);
    }
  }

  /** Closes stdin. */
  endInput(): void {
    this.log.keep('note', 'stdin was closed');
    this.#child.stdin.end();
  }

  /** Waits for the end of the process; fails the check when it does not come. */
  async ended(withinMs: number, otherwise: string): Promise<Exit> {
    if (!(await within(this.exited, withinMs))) throw new CheckFailure(`${otherwise} within ${withinMs} ms`);
    return this.exited;
  }

  /** Waits for what the process wrote before its end, at most a second: what it started may hold its pipes open. */
  async drained(): Promise<void> {
    await within(this.#drained, DRAIN_MS);
  }

  /** Ends the process and everything it started. */
  async kill(): Promise<void> {
    this.#child.signal('SIGKILL');
    await this.exited;
  }

  #remember(text: string): void {
    let said: unknown;
    try {
      said = JSON.parse(text);
    } catch {
      return;
    }
    for (const message of Array.isArray(said) ? said : [said]) {
      if (isObject(message) && 'method' in message && 'id' in message) this.#odd.add(String(message['id']));
    }
  }

  #write(bytes: Buffer): void {
    if (this.exit === undefined && !this.#child.stdin.writableEnded) this.#child.stdin.write(bytes);
  }

  #receive(bytes: Buffer): void {
    let message: unknown;
    const text = bytes.toString();
    try {
      message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      this.#stray(text);
      return;
    }
    if (!isObject(message)) {
      this.#stray(text);
      return;
    }
    this.received.push({ message, atMs: this.now() });
    this.log.keep('plugin', text);
    this.#serve(message);
  }

  #serve(message: Json): void {
    if (typeof message['method'] !== 'string' || message['id'] === undefined) return;
    const answer = this.onRequest(message);
    if (answer !== undefined) this.send({ jsonrpc: '2.0', id: message['id'], ...answer });
  }

  #stray(text: string): void {
    this.strays.push(text.slice(0, KEPT_CHARACTERS));
    this.log.keep('note', `on stdout, and no message: ${text}`);
  }

  #keepStderr(text: string): void {
    this.#watch.onStderr?.(text);
    this.#stderr.push(text);
    if (this.#stderr.length > KEPT_LINES) this.#stderr.shift();
  }

  #lastWords(): string {
    const [line] = this.stderr.trim().split('\n').slice(-1);
    return line ? `; its last words on stderr: "${line.slice(0, 300)}"` : '';
  }
}

interface RequestOptions {
  readonly id?: Id;
  readonly withinMs?: number;
}
