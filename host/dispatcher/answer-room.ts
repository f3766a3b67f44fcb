import type { Failure } from '../protocol/types.ts';

/** Most that the answers to all events under way may take together, in bytes of memory, where the configuration says nothing. */
export const ANSWER_BYTES = 268_435_456;

/** What the answers to events under way take together; the records of events that are over have a bound of their own. */
export class AnswerRoom {
  /** Taken right now. */
  bytes = 0;
  /** Answers there was no room for. */
  refused = 0;
  readonly #limit: () => number;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Takes so many bytes; undefined, or why there is no room for them. */
  take(bytes: number, plugin: string): Failure | undefined {
    const limit = this.#limit();
    if (this.bytes + bytes <= limit) {
      this.bytes += bytes;
      return undefined;
    }
    this.refused += 1;
    const message = `Cannot keep the answer of plugin "${plugin}", which takes ${bytes} bytes: answers to events under way take ${this.bytes} of ${limit} bytes already (limits.answerBytes)`;
    return { code: 'MESSAGE_TOO_LARGE', message };
  }

  /** The event that held them is over. */
  free(bytes: number): void {
    this.bytes -= bytes;
  }
}
