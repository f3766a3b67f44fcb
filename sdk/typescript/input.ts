import type { Readable } from 'node:stream';

const BUFFER_BYTES = 64 * 1024;

/**
 * Reads stdin; `onEnd` is called once, when nothing more comes. A chunk is valid only during the call: a pipe is read into one and the same
 * buffer, a new one for each read costs more than an answer.
 */
export function readStdin(onChunk: (chunk: Buffer) => void, onEnd: () => void): void {
  if (!isPipe()) {
    process.stdin.on('data', onChunk).on('end', onEnd).on('error', onEnd);
    return;
  }
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  // The host speaks first, and at once: its first message is answered before the modules of a stream are loaded, which takes 3 ms.
  // Not before the plugin's own modules have run, or have failed to.
  setImmediate(() => {
    const bytes = readOnce(buffer);
    if (bytes === 0) onEnd();
    else if (bytes !== undefined) onChunk(buffer.subarray(0, bytes));
    if (bytes !== 0) setImmediate(() => openPipe(buffer, onChunk).on('end', onEnd).on('error', onEnd));
  });
}

/** Waits for the first bytes; 0 at the end, undefined where it cannot wait. */
function readOnce(buffer: Buffer): number | undefined {
  try {
    return process.getBuiltinModule('node:fs').readSync(0, buffer);
  } catch {
    return undefined;
  }
}

function openPipe(buffer: Buffer, onChunk: (chunk: Buffer) => void): Readable {
  const callback = (bytes: number, { buffer: memory, byteOffset }: Uint8Array): boolean => {
    onChunk(Buffer.from(memory, byteOffset, bytes));
    return true;
  };
  const { Socket } = process.getBuiltinModule('node:net');
  const stdin = new Socket({ fd: 0, readable: true, writable: false, onread: { buffer, callback } });
  stdin.read(0);
  return stdin;
}

/** A pipe or a socket, as hosts and shells make them. */
function isPipe(): boolean {
  try {
    const stdin = process.getBuiltinModule('node:fs').fstatSync(0);
    return stdin.isFIFO() || stdin.isSocket();
  } catch {
    return false;
  }
}
