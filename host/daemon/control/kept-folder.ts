import { type BigIntStats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../protocol/types.ts';

/** How often it is looked after, in milliseconds; every status looks too. */
const LOOK_MS = 2000;

/**
 * Notices when the folder of a file that a daemon has open is removed or replaced, or the file is: what is written from then on goes into
 * a file without a name, and no write fails. Said once in the log, and for as long as it is so by `problem()`.
 */
export class KeptFolder {
  readonly #file: string;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  /** The folder as it was found first. */
  #first: BigIntStats | undefined;
  #hadFile = false;
  #isTold = false;

  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
    this.#timer = setInterval(() => this.problem(), LOOK_MS).unref();
    this.problem();
  }

  /** One sentence; undefined while all is where it was. Never throws. */
  problem(): string | undefined {
    const what = this.#lost();
    if (what === undefined) {
      this.#isTold = false;
      return undefined;
    }
    const reason = `${what} was removed, replaced or closed to the daemon that runs: what it keeps there is lost when it ends; stop it and start it again`;
    if (!this.#isTold) this.#log.error('data of the daemon is gone', { reason });
    this.#isTold = true;
    return reason;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #lost(): string | undefined {
    const folder = look(dirname(this.#file));
    this.#first ??= folder;
    const isSame = folder?.ino === this.#first?.ino && folder?.dev === this.#first?.dev;
    if (!isSame) return `The folder "${dirname(this.#file)}"`;
    const hasFile = look(this.#file) !== undefined;
    this.#hadFile ||= hasFile;
    return this.#hadFile && !hasFile ? `The file "${this.#file}"` : undefined;
  }
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A folder that may not be looked into, or is none.
    return undefined;
  }
}
