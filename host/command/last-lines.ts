import { StringDecoder } from 'node:string_decoder';

const MAX_LINES = 20;
const MAX_CHARS = 2000;

/** Keeps the last 20 lines of a byte stream, each at most 2,000 characters, in bounded memory. */
export class LastLines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #lines: string[] = [];
  #line = '';
  #returned = false;

  push(chunk: Buffer): void {
    for (const [piece] of this.#decoder.write(chunk).matchAll(/[^\r\n]+|\r|\n/g)) this.#take(piece);
  }

  /** Oldest first, with the line that has no end yet. */
  lines(): string[] {
    const all = this.#line === '' ? this.#lines : [...this.#lines, cut(this.#line)];
    return all.slice(-MAX_LINES);
  }

  #take(piece: string): void {
    if (piece === '\n') {
      this.#lines.push(cut(this.#line));
      if (this.#lines.length > MAX_LINES) this.#lines.shift();
      this.#line = '';
      this.#returned = false;
    } else if (piece === '\r') {
      this.#returned = true;
    } else {
      // A progress bar writes over its own line: what a person saw last is what counts.
      if (this.#returned) this.#line = '';
      this.#returned = false;
      if (this.#line.length <= MAX_CHARS) this.#line += piece.slice(0, MAX_CHARS + 1);
    }
  }
}

function cut(line: string): string {
  return line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS - 1)}…` : line;
}
