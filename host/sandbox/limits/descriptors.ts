import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The links in /proc to what a process has open; none when it is gone or not ours to look into. Linux only: elsewhere none. */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    // Gone, or not ours.
    return [];
  }
}
