import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

const BUFFER_BYTES = 64 * 1024;

/** Reads stdin. A chunk is valid only during the call: a pipe is read into one and the same buffer, a new one for each read costs more than an answer. */
export function readStdin(onChunk: (chunk: Buffer) => void): Readable {
  if (!isPipe()) return process.stdin.on('data', onChunk);
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    onChunk(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
    return true;
  };
  const stdin = new Socket({ fd: 0, readable: true, writable: false, onread: { buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES), callback } });
  stdin.read(0);
  return stdin;
}

/** A pipe or a socket, as hosts and shells make them. */
function isPipe(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isSocket();
  } catch {
    return false;
  }
}
