import type { Unfinished } from './oddities.ts';

const LF = 0x0a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const SMALL_C = 0x63;
const LARGE_C = 0x43;
const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const MAX_HEADER_BYTES = 4096;
const MAX_HEADER_LINES = 16;
/** A buffer that grew beyond this is not kept for the next message. */
const KEPT_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

const HEADER = /^(content-[a-z]+)[ \t]*:(.*)$/is;
const TRAILING_HEADER = /content-length[ \t]*:[ \t]*\d+[ \t]*\r?$/i;
const TRAILING_HEADER_BYTES = 64;
const BATCH = /^\[\s*[[\]{]/;

/** The bytes given to callbacks are valid only during the call. */
export interface ReaderOptions {
  readonly maxMessageBytes: number;
  /** One whole message without its framing. */
  readonly onMessage: (bytes: Buffer) => void;
  /** A line, or the start of one, that is no message. */
  readonly onPollution: (text: Buffer) => void;
  /** Framing that cannot be used; reading goes on behind it. */
  readonly onInvalid: (why: string, bytes: Buffer) => void;
  /** Called once, at the bound; nothing is read afterwards. */
  readonly onOversize: (what: 'message' | 'text', size: number) => void;
}

/** Cuts a byte stream into messages, one a line or behind `Content-Length`. Linear in the bytes, however they are chunked; bounded. */
export class MessageReader {
  readonly #options: ReaderOptions;
  #store: Buffer = Buffer.alloc(0);
  #held = 0;
  /** Length of the body being read; undefined between messages. */
  #body: number | undefined;
  #headers: { length: number | undefined; lines: number; bytes: number } | undefined;
  #ended = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      at = this.#body === undefined ? this.#readLine(chunk, at) : this.#readBody(chunk, at, this.#body);
    }
  }

  /** The message or line whose end has not come. */
  get unfinished(): Unfinished | undefined {
    if (this.#held === 0 && this.#body === undefined) return undefined;
    return { start: this.#store.subarray(0, this.#held), held: this.#held, length: this.#body };
  }

  /** Drops what is unfinished. */
  end(): void {
    this.#ended = true;
    this.#held = 0;
    this.#store = Buffer.alloc(0);
  }

  #readLine(chunk: Buffer, from: number): number {
    const at = this.#held === 0 && this.#headers === undefined ? skipBlank(chunk, from) : from;
    if (at === chunk.length) return at;
    const found = chunk.indexOf(LF, at);
    const end = found === -1 ? chunk.length : found;
    const size = this.#held + end - at;
    if (size > this.#options.maxMessageBytes) {
      const first = this.#held === 0 ? chunk[at] : this.#store[0];
      this.#refuse(first === OPEN_BRACE ? 'message' : 'text', size);
    } else if (found === -1) this.#hold(chunk, at, end);
    else this.#finish(chunk, at, end, this.#headers === undefined ? this.#onLine : this.#onHeader);
    return end + 1;
  }

  #readBody(chunk: Buffer, at: number, length: number): number {
    const end = Math.min(chunk.length, at + length - this.#held);
    if (this.#held + end - at < length) this.#hold(chunk, at, end);
    else {
      this.#body = undefined;
      this.#finish(chunk, at, end, this.#options.onMessage);
    }
    return end;
  }

  /** Hands on a whole line or body: straight out of the chunk when it lies in one. */
  #finish(chunk: Buffer, at: number, end: number, take: (bytes: Buffer) => void): void {
    if (this.#held === 0) {
      take(chunk.subarray(at, end));
      return;
    }
    this.#hold(chunk, at, end);
    const bytes = this.#store.subarray(0, this.#held);
    this.#held = 0;
    if (this.#store.length > KEPT_BYTES) this.#store = Buffer.alloc(0);
    take(bytes);
  }

  /** Copies into a buffer that doubles, so that a message in tiny pieces costs neither time nor memory beyond its size. */
  #hold(chunk: Buffer, at: number, end: number): void {
    const size = this.#held + end - at;
    if (size > this.#store.length) {
      const store = Buffer.allocUnsafe(Math.max(size, 2 * this.#store.length, 1024));
      this.#store.copy(store, 0, 0, this.#held);
      this.#store = store;
    }
    chunk.copy(this.#store, this.#held, at, end);
    this.#held = size;
  }

  readonly #onLine = (text: Buffer): void => {
    // Some runtimes begin their output with one.
    const line = text[0] === BYTE_ORDER_MARK[0] && text.indexOf(BYTE_ORDER_MARK) === 0 ? text.subarray(BYTE_ORDER_MARK.length) : text;
    if (line[0] === OPEN_BRACE) {
      this.#onMessageLine(line);
      return;
    }
    if (isHeader(line)) {
      this.#headers = { length: undefined, lines: 0, bytes: 0 };
      this.#onHeader(line);
    } else if (isBatch(line)) this.#options.onMessage(line);
    else this.#onStray(line);
  };

  /** A plugin that prints without a newline and then speaks: the text is pollution, the message behind it counts. */
  #onStray(line: Buffer): void {
    const resume = line.indexOf('{"jsonrpc"');
    if (resume !== -1) {
      this.#options.onPollution(line.subarray(0, resume));
      this.#onMessageLine(line.subarray(resume));
      return;
    }
    const header = trailingHeader(line);
    this.#options.onPollution(line.subarray(0, header));
    if (header < line.length) this.#onLine(line.subarray(header));
  }

  /** Behind a body whose declared length was refused the next header stands on the same line. */
  #onMessageLine(line: Buffer): void {
    const end = line[line.length - 1] === CLOSE_BRACE ? line.length : trailingHeader(line);
    this.#options.onMessage(end === line.length ? line : line.subarray(0, end));
    if (end < line.length) this.#onLine(line.subarray(end));
  }

  readonly #onHeader = (line: Buffer): void => {
    const headers = this.#headers;
    if (headers === undefined) return;
    if (line.length === 0 || (line.length === 1 && line[0] === CARRIAGE_RETURN)) {
      this.#headers = undefined;
      if (headers.length === undefined) this.#options.onInvalid('the headers name no Content-Length', line);
      else this.#body = headers.length;
      return;
    }
    headers.lines++;
    headers.bytes += line.length;
    if (headers.lines > MAX_HEADER_LINES || headers.bytes > MAX_HEADER_BYTES) {
      this.#abandonHeaders(`the headers have more than ${MAX_HEADER_LINES} lines or ${MAX_HEADER_BYTES} bytes`, line);
      return;
    }
    const [, name = '', value = ''] = HEADER.exec(line.toString('latin1')) ?? [];
    if (name.toLowerCase() === 'content-length') this.#onLength(value.trim(), line);
    else if (name === '' && !/^[\w-]+:/.test(line.toString('latin1', 0, 100))) {
      this.#abandonHeaders('a line among the headers is no header', line);
      this.#onLine(line);
    }
  };

  #onLength(value: string, line: Buffer): void {
    if (!/^\d+$/.test(value) || /^0+$/.test(value)) {
      this.#abandonHeaders(`Content-Length is "${value.slice(0, 40)}" and not a whole number above 0`, line);
    } else if (Number(value) > this.#options.maxMessageBytes) this.#refuse('message', Number(value));
    else if (this.#headers !== undefined) this.#headers.length = Number(value);
  }

  #abandonHeaders(why: string, line: Buffer): void {
    this.#headers = undefined;
    this.#options.onInvalid(why, line);
  }

  #refuse(what: 'message' | 'text', size: number): void {
    this.end();
    this.#options.onOversize(what, size);
  }
}

function skipBlank(chunk: Buffer, from: number): number {
  let at = from;
  while (at < chunk.length && (chunk[at] === SPACE || chunk[at] === TAB || chunk[at] === LF || chunk[at] === CARRIAGE_RETURN)) at++;
  return at;
}

// A flood of text must cost little: the first byte of nearly every line tells that it is neither.

function isHeader(line: Buffer): boolean {
  const isLikely = (line[0] === SMALL_C || line[0] === LARGE_C) && line.length <= MAX_HEADER_BYTES;
  return isLikely && HEADER.test(line.toString('latin1'));
}

function isBatch(line: Buffer): boolean {
  return line[0] === OPEN_BRACKET && BATCH.test(line.toString('latin1', 0, MAX_HEADER_BYTES));
}

/** Where a `Content-Length` header begins that ends the line; the line's length when there is none. */
function trailingHeader(line: Buffer): number {
  const last = line[line.length - 1] === CARRIAGE_RETURN ? line[line.length - 2] : line[line.length - 1];
  const isLikely = last !== undefined && ((last >= ZERO && last <= NINE) || last === SPACE || last === TAB);
  if (!isLikely) return line.length;
  const from = Math.max(0, line.length - TRAILING_HEADER_BYTES);
  const match = TRAILING_HEADER.exec(line.toString('latin1', from));
  return match === null ? line.length : from + match.index;
}
