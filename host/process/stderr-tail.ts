import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Logger } from '../protocol/types.ts';
import { plainText } from './plain-text.ts';

const KEPT_LINES = 20;
const LINE_CHARS = 8192;
const CUT = ' … (cut)';

export interface StderrTailOptions {
  readonly plugin: string;
  readonly pid: number | undefined;
  /** Lines passed on to the log each second; more are dropped and counted. */
  readonly logsPerSecond: number;
  readonly log: Logger;
}

/** Reads stderr to its end, so that the plugin never blocks on it; keeps the last 20 lines. */
export class StderrTail {
  /** Lines that were not passed on to the log. */
  dropped = 0;
  /** Settles when there is nothing more to read. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: StderrTailOptions;
  readonly #decoder = new StringDecoder('utf8');
  readonly #kept: string[] = [];
  #partial = '';
  #isCut = false;
  #second = 0;
  #passed = 0;
  #untold = 0;

  constructor(stream: Readable, options: StderrTailOptions) {
    this.#options = options;
    stream.on('data', (chunk: Buffer) => this.#read(this.#decoder.write(chunk)));
    this.ended = new Promise((resolve) => {
      stream.once('close', () => {
        this.#read(this.#decoder.end());
        if (this.#partial !== '' || this.#isCut) this.#line();
        this.#tellDropped();
        resolve();
      });
    });
  }

  /** The last lines, oldest first, without control characters. */
  lines(): string[] {
    return this.#kept.map(clean);
  }

  #read(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#append(text, start, end);
      this.#line();
      start = end + 1;
    }
    this.#append(text, start, text.length);
  }

  #append(text: string, start: number, end: number): void {
    const room = LINE_CHARS - this.#partial.length;
    if (end - start > room) this.#isCut = true;
    if (room > 0 && end > start) this.#partial += text.slice(start, Math.min(end, start + room));
  }

  #line(): void {
    const line = this.#isCut ? this.#partial + CUT : this.#partial;
    this.#partial = '';
    this.#isCut = false;
    if (line === '' || line === '\r') return;
    this.#kept.push(line);
    if (this.#kept.length > KEPT_LINES) this.#kept.shift();
    this.#pass(line);
  }

  #pass(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#passed = 0;
      this.#tellDropped();
    }
    if (this.#passed >= this.#options.logsPerSecond) {
      this.dropped++;
      this.#untold++;
      return;
    }
    this.#passed++;
    const { plugin, pid } = this.#options;
    this.#options.log.info(clean(line), { plugin, pid, stream: 'stderr' });
  }

  #tellDropped(): void {
    if (this.#untold === 0) return;
    const { plugin, pid, logsPerSecond, log } = this.#options;
    log.warn('stderr lines were dropped', { plugin, pid, dropped: this.#untold, logsPerSecond });
    this.#untold = 0;
  }
}

function clean(line: string): string {
  return plainText(line, LINE_CHARS + CUT.length);
}
