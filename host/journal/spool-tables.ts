import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SpoolBounds, SpoolItem, SpoolOp, SpoolResults, Waiting } from './types.ts';

export const SPOOL_ID = 0x4f75_7453;
export const SPOOL_VERSION = 1;
// AUTOINCREMENT: a number must not come twice, those who read go on behind the last one.
export const SPOOL_SCHEMA = `
CREATE TABLE IF NOT EXISTS spool (seq INTEGER PRIMARY KEY AUTOINCREMENT, plugin TEXT NOT NULL, hook TEXT NOT NULL, event TEXT NOT NULL,
  time INTEGER NOT NULL, body TEXT NOT NULL, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, aside TEXT);
CREATE INDEX IF NOT EXISTS spool_by_plugin ON spool (plugin, aside, seq);
CREATE TABLE IF NOT EXISTS clock (time INTEGER NOT NULL)`;

/** Events kept for people to look at, for each plugin, after they were set aside. */
export const MAX_ASIDE = 100;

interface Row {
  readonly plugin: string;
  readonly bytes: number;
}

const AGE_CHECK_MS = 60_000;

/** Events that wait for plugins, in the order in which they came. */
export class SpoolTables {
  readonly #database: DatabaseSync;
  readonly #bounds: SpoolBounds;
  readonly #statements: Map<string, StatementSync> = new Map();
  readonly #waiting: Map<string, { events: number; bytes: number }> = new Map();
  /** The spool's own clock runs while a host does: nothing is lost because somebody sets the wall clock. It began as that one. */
  readonly #began: number;
  #agedAt = 0;
  #keptAt: number = Number.NEGATIVE_INFINITY;
  #tooOld = 0;

  constructor(database: DatabaseSync, bounds: SpoolBounds) {
    this.#database = database;
    this.#bounds = bounds;
    const [kept] = this.#all('SELECT coalesce((SELECT max(time) FROM clock), (SELECT max(time) FROM spool)) AS time');
    this.#began = Number(kept?.['time'] ?? Date.now()) - performance.now();
    this.#removeOld();
    this.count();
  }

  apply(op: SpoolOp): SpoolResults[SpoolOp['do']] {
    switch (op.do) {
      case 'append':
        return this.#append(op);
      case 'read':
        return this.#all(
          'SELECT seq, hook, event, body, attempts FROM spool WHERE plugin = ? AND aside IS NULL AND seq > ? ORDER BY seq LIMIT ?',
          ...[op.plugin, op.after, op.limit],
        ) as unknown as SpoolItem[];
      case 'settle':
        return this.#take(this.#all('DELETE FROM spool WHERE seq = ? AND aside IS NULL RETURNING plugin, bytes', op.seq));
      case 'blame':
        this.#run('UPDATE spool SET attempts = attempts + 1 WHERE seq = ?', op.seq);
        return undefined;
      case 'set-aside':
        return this.#setAside(op.seq, op.reason);
      case 'waiting':
        return this.#listed();
    }
  }

  /** Counts anew what is there; needed again after a batch that was rolled back. */
  count(): void {
    this.#waiting.clear();
    for (const row of this.#all('SELECT plugin, count(*) AS events, sum(bytes) AS bytes FROM spool WHERE aside IS NULL GROUP BY plugin'))
      this.#waiting.set(String(row['plugin']), { events: Number(row['events']), bytes: Number(row['bytes']) });
  }

  /** Removes what has waited too long; the result says so, also of what the start removed. Other bounds are kept by each `append`. */
  trim(): string | undefined {
    if (performance.now() - this.#agedAt >= AGE_CHECK_MS) this.#removeOld();
    const removed = this.#tooOld;
    this.#tooOld = 0;
    return removed === 0 ? undefined : `${removed} had waited longer than "journal.maxAgeDays" and were removed`;
  }

  /** Keeps the time for the next host. Only where something is written anyway: a full disk must not stop who reads. */
  keepTime(): void {
    this.#keptAt = performance.now();
    this.#run('DELETE FROM clock');
    this.#run('INSERT INTO clock (time) VALUES (?)', this.#now());
  }

  #now(): number {
    return Math.round(this.#began + performance.now());
  }

  #removeOld(): void {
    this.#agedAt = performance.now();
    const oldest = this.#now() - this.#bounds.maxAgeMs;
    const rows = this.#all('DELETE FROM spool WHERE time < ? RETURNING plugin, bytes, aside', oldest);
    const waited = rows.filter(({ aside }) => aside === null);
    for (const row of waited) this.#take([row]);
    this.#tooOld += waited.length;
  }

  #append({ plugin, hook, event, body }: Extract<SpoolOp, { do: 'append' }>): SpoolResults['append'] {
    const bytes = Buffer.byteLength(body);
    if (performance.now() - this.#keptAt >= AGE_CHECK_MS) this.keepTime();
    this.#run(
      'INSERT INTO spool (plugin, hook, event, time, body, bytes) VALUES (?, ?, ?, ?, ?, ?)',
      ...[plugin, hook, event, this.#now(), body, bytes],
    );
    const waiting = this.#waitingOf(plugin);
    waiting.events += 1;
    waiting.bytes += bytes;
    let dropped = 0;
    while (waiting.events > 1 && (waiting.events > this.#bounds.maxEvents || waiting.bytes > this.#bounds.maxBytes)) {
      const oldest = 'SELECT min(seq) FROM spool WHERE plugin = ? AND aside IS NULL';
      if (this.#take(this.#all(`DELETE FROM spool WHERE seq = (${oldest}) RETURNING plugin, bytes`, plugin)) === undefined) break;
      dropped += 1;
    }
    return { dropped, waiting: { ...waiting } };
  }

  #setAside(seq: number, reason: string): Waiting | undefined {
    const rows = this.#all('UPDATE spool SET aside = ? WHERE seq = ? AND aside IS NULL RETURNING plugin, bytes', reason, seq);
    const left = this.#take(rows);
    const plugin = rows[0]?.['plugin'];
    if (plugin !== undefined)
      this.#run(
        'DELETE FROM spool WHERE seq IN (SELECT seq FROM spool WHERE plugin = ? AND aside IS NOT NULL ORDER BY seq DESC LIMIT -1 OFFSET ?)',
        ...[String(plugin), MAX_ASIDE],
      );
    return left;
  }

  /** Rows that wait no more. */
  #take(rows: readonly unknown[]): Waiting | undefined {
    const [row] = rows as readonly Row[];
    if (row === undefined) return undefined;
    const waiting = this.#waitingOf(row.plugin);
    waiting.events -= 1;
    waiting.bytes -= row.bytes;
    return { ...waiting };
  }

  #waitingOf(plugin: string): { events: number; bytes: number } {
    const waiting = this.#waiting.get(plugin) ?? { events: 0, bytes: 0 };
    this.#waiting.set(plugin, waiting);
    return waiting;
  }

  #listed(): SpoolResults['waiting'] {
    const aside = new Map(
      this.#all('SELECT plugin, count(*) AS events FROM spool WHERE aside IS NOT NULL GROUP BY plugin').map((row) => [
        String(row['plugin']),
        Number(row['events']),
      ]),
    );
    const plugins = new Set([...this.#waiting.keys(), ...aside.keys()]);
    return Object.fromEntries([...plugins].map((plugin) => [plugin, { ...this.#waitingOf(plugin), aside: aside.get(plugin) ?? 0 }]));
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#statement(sql).run(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
