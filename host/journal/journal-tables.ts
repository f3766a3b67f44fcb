import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { traceRow } from './trace-line.ts';
import type { JournalBounds, JournalOp } from './types.ts';

export const JOURNAL_ID = 0x4f75_744a;
export const JOURNAL_VERSION = 1;
export const JOURNAL_SCHEMA = `
CREATE TABLE IF NOT EXISTS traces (seq INTEGER PRIMARY KEY, event TEXT NOT NULL, hook TEXT NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS traces_by_event ON traces (event);
CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, plugin TEXT, hook TEXT, event TEXT,
  message TEXT NOT NULL, data TEXT)`;

const AGE_CHECK_MS = 60_000;
/** Most rows removed for their age in one batch: what waits behind it must not wait long. */
const MAX_AGED = 5000;

/** The tables of the journal, and what keeps them within their bounds. */
export class JournalTables {
  readonly #database: DatabaseSync;
  readonly #bounds: JournalBounds;
  readonly #trace: StatementSync;
  readonly #record: StatementSync;
  /** What the wall clock said, and when: a clock that jumps must not age what is here. */
  readonly #opened: { readonly wall: number; readonly real: number } = { wall: Date.now(), real: performance.now() };
  #agedAt: number = Number.NEGATIVE_INFINITY;

  constructor(database: DatabaseSync, bounds: JournalBounds) {
    this.#database = database;
    this.#bounds = bounds;
    this.#trace = database.prepare('INSERT INTO traces (event, hook, time, body) VALUES (?, ?, ?, ?)');
    this.#record = database.prepare('INSERT INTO records (time, kind, plugin, hook, event, message, data) VALUES (?, ?, ?, ?, ?, ?, ?)');
  }

  apply(op: JournalOp): undefined {
    if (typeof op === 'string') {
      const { event, hook, time, body } = traceRow(op);
      this.#trace.run(event, hook, time, body);
    } else {
      const { time, kind, plugin = null, hook = null, event = null, message } = op.record;
      this.#record.run(time, kind, plugin, hook, event, message, op.data ?? null);
    }
  }

  /** Removes what is too old or too much; part of every batch. */
  trim(): undefined {
    const now = performance.now();
    if (now - this.#agedAt >= AGE_CHECK_MS) {
      const oldest = this.#opened.wall + now - this.#opened.real - this.#bounds.maxAgeMs;
      const removed = (['traces', 'records'] as const).map((table) => this.#removeOlder(table, oldest));
      if (removed.every((rows) => rows < MAX_AGED)) this.#agedAt = now;
    }
    for (let over = this.#over(); over > 0; over = this.#over()) if (!this.#removeOldest(over)) return;
  }

  /** Rows are in the order in which they came: the first that is young enough ends it. */
  #removeOlder(table: 'traces' | 'records', oldest: number): number {
    const statement = this.#database.prepare(
      `DELETE FROM ${table} WHERE seq < (SELECT coalesce(min(seq), 9e18) FROM (SELECT seq FROM ${table} WHERE time >= ? ORDER BY seq LIMIT 1))
       AND seq IN (SELECT seq FROM ${table} ORDER BY seq LIMIT ${MAX_AGED})`,
    );
    return Number(statement.run(oldest).changes);
  }

  /** Share of the content that is beyond the bound, from 0 to 1. */
  #over(): number {
    const number = (pragma: string): number => Number(Object.values(this.#database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    const bytes = (number('page_count') - number('freelist_count')) * number('page_size');
    return Math.max(0, 1 - this.#bounds.maxBytes / bytes);
  }

  /** A tenth more than is needed, so that not every batch has to. */
  #removeOldest(share: number): boolean {
    let removed = 0;
    for (const table of ['traces', 'records']) {
      const count = Number(Object.values(this.#database.prepare(`SELECT count(*) FROM ${table}`).get() ?? {})[0]);
      const most = Math.ceil(count * Math.min(1, share + 0.1));
      const statement = this.#database.prepare(`DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} ORDER BY seq LIMIT ?)`);
      removed += Number(statement.run(most).changes);
    }
    return removed > 0;
  }
}
