import { sample } from './plain-text.ts';

/** What came on a plugin's stdout and was of no use. */
export type Oddity = 'stdout pollution' | 'message skipped' | 'answer to nothing asked' | 'notification skipped';

/** A message whose end has not come. */
export interface Unfinished {
  readonly start: Buffer;
  readonly held: number;
  /** Undefined: it ends with its line. */
  readonly length: number | undefined;
}

const SAMPLE_CHARS = 80;

/** Remembers what a plugin wrote in place of an answer, so that a timeout can say why nothing was heard. */
export class Oddities {
  readonly #tell: ((kind: Oddity, text: string) => void) | undefined;
  readonly #told = new Set<Oddity>();
  #first: string | undefined;

  /** `tell` is called for the first of each kind. */
  constructor(tell: ((kind: Oddity, text: string) => void) | undefined) {
    this.#tell = tell;
  }

  add(kind: Oddity, bytes: Buffer, why: string): void {
    const explains = kind !== 'notification skipped' && this.#first === undefined;
    if (this.#told.has(kind) && !explains) return;
    const text = `it wrote "${sample(bytes, SAMPLE_CHARS)}" on its stdout: ${why}`;
    if (explains) this.#first = text;
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#tell?.(kind, text);
  }

  /** A request was answered: what lies before it explains nothing that comes. */
  forget(): void {
    this.#first = undefined;
  }

  /** Why nothing was heard: `; …`, or nothing when stdout does not tell. */
  explain(bytesIn: number, unfinished: Unfinished | undefined): string {
    if (this.#first !== undefined) return `; ${this.#first}`;
    if (unfinished !== undefined) {
      const { start, held, length } = unfinished;
      if (length !== undefined) return `; its Content-Length was ${length} bytes, ${held} of them came`;
      return `; the line "${sample(start, SAMPLE_CHARS)}" on its stdout has no end yet`;
    }
    return bytesIn === 0 ? '; nothing came on its stdout, where a program may hold back what it does not flush' : '';
  }
}
