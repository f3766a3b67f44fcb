import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HostError } from '../../protocol/errors.ts';

/** A larger log is moved to `<file>.1`, in place of the one there. */
export const MAX_LOG_BYTES: number = 8 * 1024 * 1024;

const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * The log of a daemon in the background: at most two files of a bounded size. One that was moved or removed by somebody else is begun
 * anew at its place. Nothing here throws after it was opened.
 */
export class LogFile {
  readonly #file: string;
  readonly #maxBytes: number;
  #fd: number;
  #bytes: number;
  /** Lines that could not be written. */
  lost = 0;

  /** Throws STORAGE_FAILED when the file cannot be opened. */
  constructor(file: string, maxBytes: number = MAX_LOG_BYTES) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    try {
      this.#fd = openSync(file, APPEND, 0o600);
      this.#bytes = fstatSync(this.#fd).size;
    } catch (error) {
      throw new HostError('STORAGE_FAILED', `Cannot open the log of the daemon: ${(error as Error).message}`, { cause: error });
    }
  }

  readonly write = (line: string): void => {
    const bytes = Buffer.from(line);
    try {
      this.#keepPlace();
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#rotate();
      this.#bytes += writeSync(this.#fd, bytes);
    } catch {
      // A full disk must not stop the daemon.
      this.lost += 1;
    }
  };

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    renameSync(this.#file, `${this.#file}.1`);
    this.#beginAnew();
  }

  #keepPlace(): void {
    const there = statSync(this.#file, { throwIfNoEntry: false });
    if (there?.ino === fstatSync(this.#fd).ino) return;
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    this.#beginAnew();
  }

  #beginAnew(): void {
    const next = openSync(this.#file, APPEND, 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = fstatSync(next).size;
  }
}
