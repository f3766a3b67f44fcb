import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { JOURNAL_SCHEMA, JournalTables } from '../../../host/journal/journal-tables.ts';
import { traceLine } from '../../../host/journal/trace-line.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 10, 21);

// Both clocks of a computer: the one that people set, and the one that nobody does.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW }));
afterEach(() => void vi.useRealTimers());

function openTables(): { tables: JournalTables; events: () => string[] } {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  database.exec(JOURNAL_SCHEMA);
  const events = (): string[] =>
    database
      .prepare('SELECT event FROM traces ORDER BY seq')
      .all()
      .map(({ event }) => String(event));
  return { tables: new JournalTables(database, { maxAgeMs: 14 * DAY_MS, maxBytes: 1_000_000_000 }), events };
}

function keep(tables: JournalTables, event: string): void {
  tables.apply(traceLine({ event, hook: 'app.save', time: Date.now(), body: '{}' }));
  tables.trim();
}

test('trim() removes traces that are older than they may be', () => {
  const { tables, events } = openTables();
  keep(tables, 'e1');
  vi.advanceTimersByTime(13 * DAY_MS);
  keep(tables, 'e2');
  expect(events()).toEqual(['e1', 'e2']);
  vi.advanceTimersByTime(2 * DAY_MS);
  keep(tables, 'e3');
  expect(events()).toEqual(['e2', 'e3']);
});

test.each([
  ['forward', 400],
  ['back', -400],
])('a clock that is set %s removes nothing before its time, and the order stays', (_, days) => {
  const { tables, events } = openTables();
  keep(tables, 'e1');
  vi.setSystemTime(NOW + days * DAY_MS);
  keep(tables, 'e2');
  vi.advanceTimersByTime(DAY_MS);
  keep(tables, 'e3');
  vi.setSystemTime(NOW + DAY_MS);
  vi.advanceTimersByTime(DAY_MS);
  keep(tables, 'e4');
  expect(events()).toEqual(['e1', 'e2', 'e3', 'e4']);
});
