import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Trace } from '@outrigger/schemas';
import { errorText, HostError } from '../protocol/errors.ts';
import { type ReadTracesOptions, readTraces } from './read-traces.ts';
import { followTraces } from './trace-file.ts';
import type { JournalRecord, RecordKind } from './types.ts';

/** Where traces are: the command line's file, and the journal of a daemon. */
export interface TracePlaces {
  readonly file: string | undefined;
  readonly journal: string;
}

export interface ReadRecordsOptions {
  /** Most records, the newest ones. Default 100. */
  readonly limit?: number;
  readonly plugin?: string;
  readonly kind?: RecordKind;
  /** Milliseconds since 1970. */
  readonly since?: number;
}

const POLL_MS = 500;
const ALL = -1;

/**
 * Traces of both places, the newest last; none where there is no file. Each place keeps its order whatever the clock did; times say only how the
 * two fit together. Rejects with STORAGE_FAILED.
 */
export async function readAllTraces({ file, journal }: TracePlaces, options: ReadTracesOptions = {}): Promise<Trace[]> {
  const { limit = Number.POSITIVE_INFINITY, hook, event } = options;
  const filed = file === undefined ? [] : await readTraces(file, options);
  const kept = await rowsOf(journal, SELECT, [
    hook ?? null,
    hook ?? null,
    prefix(event),
    prefix(event),
    Number.isFinite(limit) ? limit : ALL,
  ]);
  const traces = zipped(
    filed,
    kept.reverse().map(({ body }) => JSON.parse(String(body)) as Trace),
  );
  return traces.slice(-Math.min(limit, traces.length));
}

function zipped(one: readonly Trace[], other: readonly Trace[]): Trace[] {
  const all: Trace[] = [];
  let next = 0;
  for (const trace of one) {
    for (; next < other.length && Date.parse(other[next]?.time ?? '') < Date.parse(trace.time); next++) all.push(other[next] as Trace);
    all.push(trace);
  }
  return [...all, ...other.slice(next)];
}

/** Traces of both places that are written from this call on, until the signal aborts. */
export function followAllTraces({ file, journal }: TracePlaces, signal: AbortSignal): AsyncIterable<Trace> {
  const newest = rowsOf(journal, 'SELECT max(seq) AS seq FROM traces', []);
  const sources: AsyncIterator<Trace>[] = [followJournal(journal, newest, signal)];
  if (file !== undefined) sources.push(followTraces(file, signal)[Symbol.asyncIterator]());
  return merged(sources);
}

/** What several sources give, as it comes. */
export async function* merged(sources: readonly AsyncIterator<Trace>[]): AsyncGenerator<Trace> {
  const next = new Map(sources.map((source) => [source, source.next().then((step) => ({ source, step }))]));
  while (next.size > 0) {
    const { source, step } = await Promise.race(next.values());
    next.delete(source);
    if (step.done) continue;
    next.set(
      source,
      source.next().then((following) => ({ source, step: following })),
    );
    yield step.value;
  }
}

/** What was recorded beside traces, the newest last. Rejects with STORAGE_FAILED. */
export async function readRecords(
  journal: string,
  { limit = 100, plugin, kind, since = 0 }: ReadRecordsOptions = {},
): Promise<JournalRecord[]> {
  const sql = 'SELECT * FROM records WHERE (? IS NULL OR plugin = ?) AND (? IS NULL OR kind = ?) AND time >= ? ORDER BY seq DESC LIMIT ?';
  const rows = await rowsOf(journal, sql, [plugin ?? null, plugin ?? null, kind ?? null, kind ?? null, since, limit]);
  return rows.reverse().map(({ seq: _, data, ...facts }) => {
    const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
    return { ...known, ...(data === null ? {} : { data: JSON.parse(String(data)) }) } as unknown as JournalRecord;
  });
}

const SELECT = `SELECT body FROM traces WHERE (? IS NULL OR hook = ?) AND (? IS NULL OR event GLOB ?) ORDER BY seq DESC LIMIT ?`;

async function* followJournal(journal: string, newest: ReturnType<typeof rowsOf>, signal: AbortSignal): AsyncGenerator<Trace> {
  let last = Number((await newest)[0]?.['seq'] ?? 0);
  while (!signal.aborted) {
    for (const { seq, body } of await rowsOf(journal, 'SELECT seq, body FROM traces WHERE seq > ? ORDER BY seq LIMIT 1000', [last])) {
      last = Number(seq);
      yield JSON.parse(String(body)) as Trace;
    }
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** As a GLOB pattern, in which nothing that people type means anything. */
function prefix(event: string | undefined): string | null {
  return event === undefined ? null : `${event.replace(/[*?[]/g, '[$&]')}*`;
}

async function rowsOf(file: string, sql: string, values: (string | number | null)[]): Promise<Record<string, unknown>[]> {
  if (!existsSync(file)) return [];
  try {
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
    try {
      // Somebody is just making it.
      if (database.prepare('PRAGMA schema_version').get()?.['schema_version'] === 0) return [];
      return database.prepare(sql).all(...values) as Record<string, unknown>[];
    } finally {
      database.close();
    }
  } catch (error) {
    throw new HostError('STORAGE_FAILED', `Cannot read the journal "${file}": ${errorText(error)}`, { cause: error });
  }
}
