import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory where there is such a folder, for what is written may be secret. */
const MEMORY = '/dev/shm';

/** Descriptor of a file without a name that holds `bytes` and is read from its start; the caller closes it. Throws the system's error. */
export function anonymousFile(bytes: Uint8Array): number {
  const path = join(existsSync(MEMORY) ? MEMORY : tmpdir(), `outrigger-${randomUUID()}`);
  const descriptor = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
