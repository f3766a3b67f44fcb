import { type FileHandle, open } from 'node:fs/promises';
import type { Trace } from '@outrigger/schemas';
import { errorText, HostError } from '../protocol/errors.ts';

export interface ReadTracesOptions {
  /** Most traces, the newest ones. Default all. */
  readonly limit?: number;
  /** Full hook name. */
  readonly hook?: string;
  /** Event id or the beginning of one. One event found: it was unique; several: it was not. */
  readonly event?: string;
  /** Told how many of the lines looked at are no traces. */
  readonly onCorrupt?: (lines: number) => void;
}

const NEWLINE = 0x0a;

/** Traces of the file and of its rotated predecessor, newest last; none when there is no file. */
export async function readTraces(file: string, options: ReadTracesOptions = {}): Promise<Trace[]> {
  const { limit = Infinity, hook, event } = options;
  const parse = await traceParser();
  const found: Trace[] = [];
  let corrupt = 0;
  for (const line of linesBackward(await readNewestFirst(file))) {
    if (found.length >= limit) break;
    const trace = parse(line);
    if (!trace) corrupt++;
    else if (matches(trace, hook, event)) found.push(trace);
  }
  if (corrupt > 0) options.onCorrupt?.(corrupt);
  return found.reverse();
}

function matches(trace: Trace, hook: string | undefined, event: string | undefined): boolean {
  return (hook === undefined || trace.hook === hook) && (event === undefined || trace.event.startsWith(event));
}

async function readNewestFirst(file: string): Promise<Buffer[]> {
  const current = await openIfThere(file);
  const rotated = await openIfThere(`${file}.1`);
  try {
    const contents = current ? [await current.readFile()] : [];
    // Rotated between the two opens: both handles are the same file.
    const same = current && rotated && (await current.stat()).ino === (await rotated.stat()).ino;
    if (rotated && !same) contents.push(await rotated.readFile());
    return contents;
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    await current?.close();
    await rotated?.close();
  }
}

function* linesBackward(contents: readonly Buffer[]): Generator<string> {
  for (const bytes of contents) {
    let end = bytes.length;
    while (end > 0) {
      const begin = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
      if (begin < end) yield bytes.toString('utf8', begin, end);
      end = begin - 1;
    }
  }
}

/** A handle for reading, or undefined when there is no such file. */
export async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): HostError {
  const why = errorText(cause);
  return new HostError('STORAGE_FAILED', `Cannot read traces from "${file}": ${why}`, { cause });
}

/** Makes a trace of a line; undefined for a line that is none. */
export async function traceParser(): Promise<(line: string) => Trace | undefined> {
  // Loaded here and not above, so that a command that only writes traces does not pay for it.
  const { trace: isTrace } = await import('@outrigger/schemas/validate-files');
  return (line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isTrace(value) ? (value as Trace) : undefined;
    } catch {
      return undefined;
    }
  };
}
