import { readFileSync } from 'node:fs';

/** What a file of the kernel says now; empty when it is gone, or not ours to look into. */
export function readFact(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
