import { writeSync } from 'node:fs';
import { endBySignal } from './end-process.ts';

const RETRY_MS = 5;

/**
 * Writes all of it before it returns. Not through `process.stdout` and `process.stderr`: those make pipes non-blocking,
 * which would reach the commands that share them.
 */
export function writeAll(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE' && fd === 1) endBySignal('SIGPIPE');
      // A message nobody can read is no reason to fail.
      if (code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
