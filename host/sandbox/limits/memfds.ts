import { readlinkSync, statSync } from 'node:fs';
import { descriptorsOf } from './descriptors.ts';

/** Descriptors looked at in one go, some 10 µs each; a plugin that has more open is looked at in turns. */
const MOST_LOOKS = 512;
const BLOCK_BYTES = 512;

/**
 * The files in memory (memfd) that the processes of one plugin have open, mapped or not. Not seen are those that are only on their way in
 * a socket, and those of a process that made itself unreadable to an ordinary user: what is open at most bounds both.
 */
export class Memfds {
  /** Descriptors still to be looked at in this round. */
  #ahead: string[] = [];
  /** Size in KiB by file, as found in this round. */
  #found: Map<string, number> = new Map();
  #last = 0;

  /** KiB of all of them, each file once: as the last whole round found them, or more where this one has found more already. */
  lookAt(pids: readonly number[]): number {
    if (this.#ahead.length === 0) this.#ahead = pids.flatMap(descriptorsOf);
    for (const path of this.#ahead.splice(0, MOST_LOOKS)) this.#measure(path);
    const found = [...this.#found.values()].reduce((total, each) => total + each, 0);
    const kb = Math.max(found, this.#last);
    if (this.#ahead.length > 0) return kb;
    this.#last = found;
    this.#found = new Map();
    return found;
  }

  #measure(path: string): void {
    try {
      // Only those: to follow another one could wait for a file system that does not answer.
      if (!readlinkSync(path).startsWith('/memfd:')) return;
      const { dev, ino, blocks } = statSync(path);
      this.#found.set(`${dev}:${ino}`, (blocks * BLOCK_BYTES) / 1024);
    } catch {
      // Closed meanwhile.
    }
  }
}
