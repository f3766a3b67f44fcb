import { fstatSync, write } from 'node:fs';
import type { Readable } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import type { LastLines } from './last-lines.ts';

const STDOUT = 1;
const STDERR = 2;
const LONGEST_PAUSE_MS = 16;
const QUIET_TURNS = 5;
const writeSome = promisify(write);

/** False when reading stderr on its way would be noticed: on a terminal, or where its lines mix with stdout's in one file. */
export function canCaptureStderr(): boolean {
  if (isatty(STDERR)) return false;
  try {
    const out = fstatSync(STDOUT);
    const err = fstatSync(STDERR);
    return out.dev !== err.dev || out.ino !== err.ino;
  } catch {
    // One of the two is closed: the command shall find it closed too.
    return false;
  }
}

/** Copies a command's stderr to ours byte by byte, no faster than ours is read, and shows it to `lines`. */
export class StderrTee {
  readonly #source: Readable;
  readonly #lines: LastLines;
  readonly #copied: Promise<void>;
  #ended = false;
  #moves = 0;

  constructor(source: Readable, lines: LastLines) {
    this.#source = source;
    this.#lines = lines;
    this.#copied = this.#copy().finally(() => {
      this.#ended = true;
    });
  }

  /** To be called when the command has ended: settles when all it wrote is copied, though a process it left behind may still hold the pipe. */
  async finish(): Promise<void> {
    let seen = -1;
    for (let quiet = 0; !this.#ended && quiet < QUIET_TURNS; quiet++) {
      if (seen !== this.#moves || this.#moves % 2 === 1) quiet = 0;
      seen = this.#moves;
      await setTimeout(1);
      await setImmediate();
    }
    this.#source.destroy();
    await this.#copied;
  }

  async #copy(): Promise<void> {
    try {
      for await (const chunk of this.#source) {
        // Odd while a chunk is being written.
        this.#moves += 1;
        this.#lines.push(chunk as Buffer);
        await writeAll(chunk as Buffer);
        this.#moves += 1;
      }
    } catch {
      // Nobody reads our stderr any more, or the pipe was closed under us. The closed pipe tells the command.
      this.#source.destroy();
    }
  }
}

async function writeAll(bytes: Buffer): Promise<void> {
  let pauseMs = 1;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += (await writeSome(STDERR, bytes, done, bytes.length - done, null)).bytesWritten;
      pauseMs = 1;
    } catch (error) {
      // Node, or somebody who shares this pipe, made it non-blocking.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await setTimeout(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}
