import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Trace } from '@outrigger/schemas';
import { errorText } from '../protocol/errors.ts';

export { followTraces } from './follow-traces.ts';
export { type ReadTracesOptions, readTraces } from './read-traces.ts';

export interface TraceFileOptions {
  /** JSON lines; made with mode 0600 in a folder of mode 0700. Several hosts may share one. */
  readonly file: string;
  /** A larger file is moved to `<file>.1`. */
  readonly maxBytes: number;
  /** Told once, when the first trace is lost or the file cannot be rotated. */
  readonly onProblem?: (message: string) => void;
}

const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
const MAX_QUEUED_CHARS = 16 * 1024 * 1024;
/** How long traces are gathered: opening and closing the file for each costs more than its event. */
const GATHER_MS = 25;
/** So much is not gathered any longer. */
const GATHER_CHARS = 1024 * 1024;
const STALE_LOCK_MS = 10_000;

/** Appends traces to a file behind the caller's back: nothing here throws, waits for a disk, or keeps more than 16 MiB. */
export class TraceFile {
  readonly #options: TraceFileOptions;
  #lines: string[] = [];
  #queuedChars = 0;
  #dropped = 0;
  #reported = false;
  #lastWriteTorn = false;
  #writing: Promise<void> | undefined;
  /** Somebody waits for what is queued. */
  #isAwaited = false;
  /** Ends the gathering. */
  #hurry: () => void = () => {};

  constructor(options: TraceFileOptions) {
    this.#options = options;
  }

  /** Traces that could not be kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Serialised now, because the application may change the payload it got back; written later. */
  append(trace: Trace): void {
    const text = serialise(trace);
    if (text === undefined) this.#drop(1, 'a trace is no JSON');
    else this.appendText(text);
  }

  /** A trace that is JSON in one line already. */
  appendText(text: string): void {
    const line = `${text}\n`;
    if (line.length > this.#options.maxBytes) this.#drop(1, 'a trace is larger than the file may become, raise "traces.maxBytes"');
    else if (this.#queuedChars + line.length > MAX_QUEUED_CHARS) this.#drop(1, 'traces come faster than the disk takes them');
    else {
      this.#queuedChars += line.length;
      this.#lines.push(line);
      this.#writing ??= this.#writeAll();
      if (this.#queuedChars >= GATHER_CHARS) this.#hurry();
    }
  }

  /** Settles when everything appended so far is on its way to the disk or counted as dropped. */
  async flush(): Promise<void> {
    this.#isAwaited = this.#writing !== undefined;
    this.#hurry();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0) {
      await this.#gather();
      const batch = this.#lines;
      this.#lines = [];
      this.#queuedChars = 0;
      try {
        await this.#write(batch);
      } catch (error) {
        this.#drop(batch.length, errorText(error));
      }
    }
    this.#isAwaited = false;
    this.#writing = undefined;
  }

  /** Everything of one turn goes into one batch, and what comes a little later when nobody waits. */
  async #gather(): Promise<void> {
    if (!this.#isAwaited && this.#queuedChars < GATHER_CHARS)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, GATHER_MS);
        this.#hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    await new Promise(setImmediate);
  }

  async #write(batch: readonly string[]): Promise<void> {
    const { file, maxBytes } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const handle = await openForAppend(file);
      try {
        // A line cut short by a full disk must not swallow the next one.
        const bytes = Buffer.from((this.#lastWriteTorn ? '\n' : '') + batch.join(''));
        const skip = this.#lastWriteTorn ? 1 : 0;
        const { bytesWritten } = await handle.write(bytes, 0, bytes.length);
        this.#lastWriteTorn = bytesWritten < bytes.length && bytes[bytesWritten - 1] !== 0x0a;
        if (bytesWritten < bytes.length) this.#drop(batch.length - newlines(bytes.subarray(skip, bytesWritten)), 'no space left on device');
        const { nlink, size } = await handle.stat();
        // Two rotations between our open and our write: what we wrote is in a file that has no name any more.
        if (nlink === 0 && attempt < 3) continue;
        if (size > maxBytes) await rotate(file, maxBytes).catch((error) => this.#report(`cannot rotate it: ${errorText(error)}`));
        return;
      } finally {
        await handle.close();
      }
    }
  }

  #drop(count: number, cause: string): void {
    this.#dropped += count;
    this.#report(cause);
  }

  #report(cause: string): void {
    if (this.#reported) return;
    this.#reported = true;
    try {
      this.#options.onProblem?.(`Cannot keep every trace in "${this.#options.file}": ${cause}`);
    } catch {
      // A listener that throws is no reason to disturb an event.
    }
  }
}

function serialise(trace: Trace): string | undefined {
  try {
    return JSON.stringify(trace);
  } catch {
    return undefined;
  }
}

async function openForAppend(file: string): ReturnType<typeof open> {
  try {
    return await open(file, APPEND, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(dirname(file));
    return await open(file, APPEND, 0o600);
  }
}

/** Not `recursive: true`: Node then tries for ever where a folder cannot be made, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 }).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Only the holder of the lock file renames, and only after a second look: two hosts must not rotate one after the other. */
async function rotate(file: string, maxBytes: number): Promise<void> {
  const lock = `${file}.lock`;
  try {
    await (await open(lock, 'wx', 0o600)).close();
  } catch {
    const held = await stat(lock).catch(() => undefined);
    if (held && Date.now() - held.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
    return;
  }
  try {
    if ((await stat(file)).size > maxBytes) await rename(file, `${file}.1`);
  } finally {
    await rm(lock, { force: true });
  }
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}
