import { type FSWatcher, statSync, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Trace } from '@outrigger/schemas';
import { openIfThere, traceParser } from './read-traces.ts';

interface Place {
  readonly ino: number;
  readonly offset: number;
}

const POLL_MS = 500;
const NEWLINE = 0x0a;

/**
 * Traces written from this call on, until the signal aborts; survives rotation. Call it before `readTraces` to miss
 * nothing: what is written in between then comes from both.
 */
export function followTraces(file: string, signal: AbortSignal): AsyncIterable<Trace> {
  const now = statSync(file, { throwIfNoEntry: false });
  return follow(file, signal, now && { ino: now.ino, offset: now.size });
}

async function* follow(file: string, signal: AbortSignal, start: Place | undefined): AsyncGenerator<Trace> {
  const parse = await traceParser();
  const changes = new Changes(file, signal);
  const files = new FollowedFiles(start);
  try {
    if (start) await files.lookAt(`${file}.1`, start);
    while (!signal.aborted) {
      await files.lookAt(file);
      for (const line of await files.newLines()) {
        const trace = parse(line);
        if (trace) yield trace;
      }
      await changes.next();
    }
  } finally {
    changes.close();
    await files.close();
  }
}

/** The current file and the one before it: a host that opened that one in time may still write into it. */
class FollowedFiles {
  readonly #start: Place | undefined;
  #files: FollowedFile[] = [];

  constructor(start: Place | undefined) {
    this.#start = start;
  }

  /** Begins to follow what bears this name now, unless it is followed already or is not the file asked for. */
  async lookAt(name: string, wanted?: Place): Promise<void> {
    const handle = await openIfThere(name);
    if (!handle) return;
    const { ino } = await handle.stat();
    if (ino === this.#files.at(-1)?.ino || (wanted && wanted.ino !== ino)) return await handle.close();
    const begin = this.#files.length === 0 && ino === this.#start?.ino ? this.#start.offset : 0;
    this.#files.push(new FollowedFile(handle, ino, begin));
    while (this.#files.length > 2) await this.#files.shift()?.handle.close();
  }

  async newLines(): Promise<string[]> {
    const lines: string[] = [];
    for (const file of this.#files) lines.push(...(await file.newLines()));
    return lines;
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.handle.close();
  }
}

class FollowedFile {
  readonly handle: FileHandle;
  readonly ino: number;
  #offset: number;
  /** Beginning of a line whose end is not written yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(handle: FileHandle, ino: number, offset: number) {
    this.handle = handle;
    this.ino = ino;
    this.#offset = offset;
  }

  async newLines(): Promise<string[]> {
    const { size } = await this.handle.stat();
    if (size < this.#offset) {
      this.#offset = 0;
      this.#rest = Buffer.alloc(0);
    }
    if (size === this.#offset) return [];
    const chunk = Buffer.alloc(size - this.#offset);
    const { bytesRead } = await this.handle.read(chunk, 0, chunk.length, this.#offset);
    this.#offset += bytesRead;
    const bytes = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.#rest = bytes.subarray(end);
    return bytes.toString('utf8', 0, end).split('\n').filter(Boolean);
  }
}

/** Says when looking again could be worth it: a change in the folder, or the poll interval where watching fails. */
class Changes {
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: () => void = () => {};
  readonly #onChange = (): void => {
    this.#changed = true;
    this.#wake();
  };

  constructor(file: string, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onChange, { once: true });
    try {
      this.#watcher = watch(dirname(file), { persistent: false }, this.#onChange);
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No folder yet, or no watches left on this machine: polling serves.
    }
  }

  async next(): Promise<void> {
    if (!this.#changed) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, POLL_MS);
      });
      clearTimeout(timer);
    }
    this.#changed = this.#signal.aborted;
  }

  close(): void {
    this.#watcher?.close();
    this.#signal.removeEventListener('abort', this.#onChange);
  }
}
