import type { Writable } from 'node:stream';

const MAX_WAITING = 1024 * 1024;
/** Measured: waiting for the whole turn delays the first messages of a burst, small batches all along cost a system call each. */
const FLUSH_AT = 1000;
const FLUSH_AT_MOST = 64_000;
const GROWTH = 4;

export interface WriterOptions {
  readonly framing: 'lines' | 'content-length';
  /** Room again after `writable` was false. */
  readonly onDrain: () => void;
  /** Called once: nothing more can be written. */
  readonly onError: (error: Error) => void;
}

/** Writes messages; all that is queued in one turn leaves in one write. Nothing is ever thrown at the caller. */
export class MessageWriter {
  readonly #stream: Writable;
  readonly #options: WriterOptions;
  #queued = '';
  #flushAt: number = FLUSH_AT;
  #scheduled = false;
  #full = false;
  #ended = false;
  messagesOut = 0;
  bytesOut = 0;

  constructor(stream: Writable, options: WriterOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.on('error', this.#onError);
    stream.on('drain', this.#onDrain);
  }

  /** False while more than 1 MiB waits to be read by the plugin. */
  get writable(): boolean {
    if (this.#ended || this.#stream.destroyed) return false;
    this.#full ||= this.#stream.writableLength + this.#queued.length > MAX_WAITING;
    return !this.#full;
  }

  /** Queues one message, `text` being its JSON in one line. */
  write(text: string): void {
    if (this.#ended) return;
    this.messagesOut++;
    this.#queued += this.#options.framing === 'lines' ? `${text}\n` : `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#onTick);
    }
    if (this.#queued.length >= this.#flushAt) {
      this.#flushAt = Math.min(this.#flushAt * GROWTH, FLUSH_AT_MOST);
      this.flush();
    }
  }

  flush(): void {
    if (this.#queued === '' || this.#ended) return;
    const text = this.#queued;
    this.#queued = '';
    if (this.#stream.destroyed || this.#stream.writableEnded) {
      // Later, as errors of the stream itself: nobody expects to be called back out of a write.
      process.nextTick(this.#onError, new Error('the stream is closed'));
      return;
    }
    const bytes = Buffer.byteLength(text);
    this.bytesOut += bytes;
    // ASCII is the same in both, and is copied, not encoded, in this one.
    this.#stream.write(text, bytes === text.length ? 'latin1' : 'utf8');
  }

  /** Writes what is queued and lets go of the stream. A late EPIPE still finds a listener. */
  close(): void {
    this.flush();
    this.#ended = true;
    this.#queued = '';
    this.#stream.off('drain', this.#onDrain);
  }

  readonly #onTick = (): void => {
    this.#scheduled = false;
    this.#flushAt = FLUSH_AT;
    this.flush();
  };

  readonly #onDrain = (): void => {
    if (!this.#full) return;
    this.#full = false;
    this.#options.onDrain();
  };

  readonly #onError = (error: Error): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#queued = '';
    this.#options.onError(error);
  };
}
