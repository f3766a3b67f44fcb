export type Framing = 'lines' | 'content-length';

export interface ReaderSink {
  message(text: string): void;
  /** Something was skipped; reading goes on after it. */
  skipped(code: 'MESSAGE_TOO_LARGE' | 'MESSAGE_INVALID', why: string): void;
}

const NEWLINE = 10;
const MAX_HEADER_BYTES = 4096;
/** The buffer of a message that came in parts is used again up to this size: fresh memory costs more than filling it. */
const KEPT_BYTES = 1024 * 1024;

/** Cuts a byte stream into messages in linear time and bounded memory; the first line tells which framing the host uses. */
export class MessageReader {
  framing: Framing | undefined;
  readonly #limit: () => number;
  readonly #sink: ReaderSink;
  /** What came of a message so far, beginning at 0. */
  #store: Buffer = Buffer.alloc(0);
  #size = 0;
  #tooLong = false;
  /** Length that the header block being read announced. */
  #announced: number | undefined;
  /** Bytes of the body still to come; undefined while a line is read. */
  #body: number | undefined;

  /** `limit`: largest message in bytes; asked each time, because the handshake may change it. */
  constructor(sink: ReaderSink, limit: () => number) {
    this.#sink = sink;
    this.#limit = limit;
  }

  /** Nothing of the chunk is kept. */
  push(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length) start = this.#body === undefined ? this.#line(chunk, start) : this.#bodyPart(chunk, start, this.#body);
  }

  #line(chunk: Buffer, start: number): number {
    const end = chunk.indexOf(NEWLINE, start);
    const limit = this.framing === 'content-length' ? MAX_HEADER_BYTES : this.#limit();
    // Nearly always it lies whole in one chunk.
    if (end >= 0 && this.#size === 0 && end - start <= limit) {
      this.#endOfLine(chunk.toString('utf8', start, end).trim());
      return end + 1;
    }
    this.#keep(chunk, start, end < 0 ? chunk.length : end, limit);
    if (end < 0) return chunk.length;
    if (this.#tooLong) {
      this.#reset();
      this.#sink.skipped('MESSAGE_TOO_LARGE', `a line is longer than ${limit} bytes`);
    } else {
      this.#endOfLine(this.#take().trim());
    }
    return end + 1;
  }

  #endOfLine(line: string): void {
    if (this.framing !== 'content-length') {
      if (line === '') return;
      this.framing ??= /^content-length:/i.test(line) ? 'content-length' : 'lines';
      if (this.framing === 'lines') {
        this.#sink.message(line);
        return;
      }
    }
    if (line !== '') {
      const header = /^content-length:\s*(.*)$/i.exec(line);
      if (header !== null) this.#announce(header[1] ?? '');
      return;
    }
    if (this.#announced !== undefined) this.#body = this.#announced;
    this.#announced = undefined;
    this.#tooLong = this.#body !== undefined && this.#body > this.#limit();
    if (this.#body === 0) this.#body = undefined;
  }

  #announce(value: string): void {
    if (/^\d{1,12}$/.test(value)) this.#announced = Number(value);
    else this.#sink.skipped('MESSAGE_INVALID', `"${value.slice(0, 40)}" is no content length`);
  }

  #bodyPart(chunk: Buffer, start: number, missing: number): number {
    const end = Math.min(start + missing, chunk.length);
    this.#keep(chunk, start, end, this.#limit());
    this.#body = missing - (end - start);
    if (this.#body > 0) return end;
    this.#body = undefined;
    if (this.#tooLong) {
      this.#reset();
      this.#sink.skipped('MESSAGE_TOO_LARGE', `a message is larger than ${this.#limit()} bytes`);
    } else {
      this.#sink.message(this.#take());
    }
    return end;
  }

  #keep(chunk: Buffer, start: number, end: number, limit: number): void {
    if (this.#tooLong) return;
    this.#size += end - start;
    this.#tooLong = this.#size > limit;
    if (this.#tooLong) return;
    if (this.#size > this.#store.length) {
      const store = Buffer.allocUnsafe(Math.max(this.#size, 2 * this.#store.length));
      this.#store.copy(store);
      this.#store = store;
    }
    // Copied: the chunk is read into again.
    chunk.copy(this.#store, this.#size - (end - start), start, end);
  }

  #take(): string {
    const text = this.#store.toString('utf8', 0, this.#size);
    this.#reset();
    return text;
  }

  #reset(): void {
    if (this.#store.length > KEPT_BYTES) this.#store = Buffer.alloc(0);
    this.#size = 0;
    this.#tooLong = false;
  }
}

/** The text as it goes over the wire. */
export function frame(text: string, framing: Framing | undefined): string {
  const { before, after } = around(text, framing);
  return `${before}${text}${after}`;
}

/** What goes over the wire before the text, and behind it. */
export function around(text: string, framing: Framing | undefined): { before: string; after: string } {
  if (framing !== 'content-length') return { before: '', after: '\n' };
  return { before: `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`, after: '' };
}
