import type { Readable } from 'node:stream';

const TURN_BYTES = 256 * 1024;
const RESET_BYTES = 64 * 1024;
/** Two bytes can be a message that takes as long to refuse as a thousand take to read: hence a bound in time too, looked at after each slice. */
const CHUNK_MS = 20;
const SLICE_BYTES = 4 * 1024;

/** Reads a stream, but at most about 256 KiB or some 20 ms in one turn of the host's loop: a flood gets a slice of each turn, not all of it. */
export class PacedInput {
  readonly #stream: Readable;
  readonly #onChunk: (chunk: Buffer) => void;
  readonly #onEnd: () => void;
  #turnBytes = 0;
  #closed = false;
  #nextTurn: NodeJS.Immediate | undefined;

  constructor(stream: Readable, onChunk: (chunk: Buffer) => void, onEnd: () => void) {
    this.#stream = stream;
    this.#onChunk = onChunk;
    this.#onEnd = onEnd;
    // Stays after close(): a late error of a dying pipe says nothing that the process's exit does not say.
    stream.on('error', () => undefined);
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
  }

  /** Lets go of the stream but has it drained: a plugin that is being stopped may not block on a full pipe. */
  close(): void {
    this.#closed = true;
    clearImmediate(this.#nextTurn);
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#turnBytes += chunk.length;
    if (this.#turnBytes > RESET_BYTES) this.#nextTurn ??= setImmediate(this.#onNextTurn);
    if (this.#turnBytes > TURN_BYTES) this.#stream.pause();
    this.#readSlices(chunk);
  };

  #readSlices(chunk: Buffer): void {
    if (chunk.length <= SLICE_BYTES) {
      this.#onChunk(chunk);
      return;
    }
    const began = performance.now();
    for (let at = 0; at < chunk.length && !this.#closed; at += SLICE_BYTES) {
      if (at > 0 && performance.now() - began > CHUNK_MS) {
        this.#stream.pause();
        this.#stream.unshift(chunk.subarray(at));
        this.#nextTurn ??= setImmediate(this.#onNextTurn);
        return;
      }
      this.#onChunk(chunk.subarray(at, at + SLICE_BYTES));
    }
  }

  readonly #onNextTurn = (): void => {
    this.#nextTurn = undefined;
    this.#turnBytes = 0;
    this.#stream.resume();
  };
}
