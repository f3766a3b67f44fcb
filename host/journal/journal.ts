import { join } from 'node:path';
import type { Config, Trace } from '@outrigger/schemas';
import type { PluginStatus } from '../supervisor/types.ts';
import { DatabaseThread, type Problem } from './database-thread.ts';
import { lifeRecords } from './life-records.ts';
import { type TraceRow, traceLine } from './trace-line.ts';
import type { JournalRecord } from './types.ts';

export interface JournalOptions {
  readonly dataDir: string;
  readonly settings: Config['journal'];
  readonly onProblem: (message: string) => void;
}

export interface JournalNumbers {
  readonly file: string;
  /** What its files take on disk, as far as is known. */
  readonly bytes: number;
  /** Traces and records since it was opened. */
  readonly written: number;
  readonly queued: number;
  readonly lost: number;
  readonly lastProblem: Problem | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_AGE_DAYS = 14;
const MAX_BYTES = 256 * 1024 * 1024;
/** A larger trace would push out too many others. */
const LARGEST_SHARE = 1 / 16;

/** Where a data folder has its journal. */
export function journalFile(dataDir: string): string {
  return join(dataDir, 'journal.db');
}

/** How long what is kept is kept, in milliseconds. */
export function maxAgeMs(settings: Config['journal']): number {
  return (settings?.maxAgeDays ?? MAX_AGE_DAYS) * DAY_MS;
}

/** What plugins did, on disk: traces, their lives, what went on without them, what operators did. Nothing here throws or waits for a disk. */
export class Journal {
  readonly #file: string;
  readonly #thread: DatabaseThread;
  readonly #largest: number;
  readonly #onProblem: JournalOptions['onProblem'];
  readonly #known: Map<string, PluginStatus> = new Map();
  #tooLarge = 0;

  constructor({ dataDir, settings, onProblem }: JournalOptions) {
    const maxBytes = settings?.maxBytes ?? MAX_BYTES;
    this.#largest = maxBytes * LARGEST_SHARE;
    this.#onProblem = onProblem;
    this.#file = journalFile(dataDir);
    this.#thread = new DatabaseThread({
      data: { kind: 'journal', file: this.#file, bounds: { maxAgeMs: maxAgeMs(settings), maxBytes } },
      onProblem: (reason) => onProblem(`Cannot keep everything in the journal: ${reason}`),
    });
  }

  /** Traces and records that could not be kept. */
  get lost(): number {
    return this.#thread.lost + this.#tooLarge;
  }

  stats(): JournalNumbers {
    const { bytes, written, queued, lastProblem } = this.#thread;
    return { file: this.#file, bytes, written, queued, lost: this.lost, lastProblem };
  }

  trace(trace: Trace): void {
    const { event, hook, time } = trace;
    this.keep({ event, hook, time: Date.parse(time), body: JSON.stringify(trace) });
  }

  /** A trace that is text already. */
  keep(row: TraceRow): void {
    const { event, body } = row;
    if (body.length > this.#largest) {
      if (this.#tooLarge === 0)
        this.#onProblem(`Cannot keep everything in the journal: the trace of event "${event}" is too large, raise "journal.maxBytes"`);
      this.#tooLarge += 1;
    } else this.#thread.post(traceLine(row), body.length);
  }

  record(facts: Omit<JournalRecord, 'time'>): void {
    const { data, ...record } = facts;
    const text = data === undefined ? undefined : JSON.stringify(data);
    this.#thread.post(
      { do: 'record', record: { time: Date.now(), ...record }, data: text },
      200 + record.message.length + (text?.length ?? 0),
    );
  }

  /** Records what is new since the last status of this plugin. */
  status(status: PluginStatus): void {
    for (const record of lifeRecords(this.#known.get(status.name), status)) this.record(record);
    this.#known.set(status.name, status);
  }

  /** Settles when everything so far is on its way to the disk or counted as lost. */
  flush(): Promise<void> {
    return this.#thread.idle();
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
