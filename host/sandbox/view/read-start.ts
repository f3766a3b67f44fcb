import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** The first bytes of a regular file as text; empty for anything else. A plugin's folder may hold a pipe that nobody writes to, or a link to a device. */
export function readStart(file: string, mostBytes: number): string {
  try {
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(handle).isFile()) return '';
      const start = Buffer.alloc(mostBytes);
      return start.toString('utf8', 0, readSync(handle, start));
    } finally {
      closeSync(handle);
    }
  } catch {
    // Not there, or not readable: who asks has to do without.
    return '';
  }
}
