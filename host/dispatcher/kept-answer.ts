import type { Answer } from '@outrigger/schemas';

type Given = NonNullable<Answer>;

/** Below this many bytes the text of an answer takes no less than what it is parsed to. */
const SMALL = 1024;

/**
 * What the record keeps of a large answer that only has facts for the trace. When somebody may still look at once these are the object they
 * were parsed to; after `letGo()` they are the text they came in, a fifth of that, which the garbage collector has not to walk through, and
 * are parsed again for each who looks.
 */
export class KeptAnswer {
  readonly retryAfterMs?: number;
  readonly #text: string;
  #metadata: Given['metadata'];

  constructor({ metadata, retryAfterMs }: Given, text: string) {
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    this.#text = text;
    this.#metadata = metadata;
  }

  get metadata(): NonNullable<Given['metadata']> {
    return this.#metadata ?? (JSON.parse(this.#text) as { result: Required<Given> }).result.metadata;
  }

  letGo(): void {
    this.#metadata = undefined;
  }
}

/** True when the record of such an answer is best kept as a text. */
export function isLarge({ metadata }: Given, text: string | undefined): text is string {
  return metadata !== undefined && text !== undefined && text.length >= SMALL;
}

/** What a text takes, in bytes: one for each character of ASCII, else two for all of them. */
export function keptWeight(text: string, bytes: number): number {
  return text.length === bytes ? bytes : 2 * text.length;
}
