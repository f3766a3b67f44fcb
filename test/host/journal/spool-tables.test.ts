import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { SPOOL_SCHEMA, SpoolTables } from '../../../host/journal/spool-tables.ts';
import type { SpoolItem } from '../../../host/journal/types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 10, 21);
const BOUNDS = { maxAgeMs: 14 * DAY_MS, maxBytes: 1_000_000, maxEvents: 1000 };

// Both clocks of a computer: the one that people set, and the one that nobody does.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW }));
afterEach(() => void vi.useRealTimers());

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  database.exec(SPOOL_SCHEMA);
  return database;
}

function append(tables: SpoolTables, event: string): void {
  tables.apply({ do: 'append', plugin: 'one', hook: 'app.save', event, body: `"event":"${event}"` });
}

function eventsIn(tables: SpoolTables): string[] {
  return (tables.apply({ do: 'read', plugin: 'one', after: 0, limit: 100 }) as SpoolItem[]).map(({ event }) => event);
}

test('trim() removes what has waited longer than it may, counts it as gone, and says so once', () => {
  const tables = new SpoolTables(openDatabase(), BOUNDS);
  append(tables, 'e1');
  vi.advanceTimersByTime(13 * DAY_MS);
  append(tables, 'e2');
  expect(tables.trim()).toBeUndefined();
  vi.advanceTimersByTime(2 * DAY_MS);
  expect(tables.trim()).toBe('1 had waited longer than "journal.maxAgeDays" and were removed');
  expect([tables.trim(), eventsIn(tables)]).toEqual([undefined, ['e2']]);
  expect(tables.apply({ do: 'waiting' })).toEqual({ one: { events: 1, bytes: 12, aside: 0 } });
});

test('how long something has waited is counted over hosts, as far as they ran', () => {
  const database = openDatabase();
  const first = new SpoolTables(database, BOUNDS);
  append(first, 'e1');
  vi.advanceTimersByTime(13 * DAY_MS);
  first.keepTime();
  vi.advanceTimersByTime(100 * DAY_MS);
  const second = new SpoolTables(database, BOUNDS);
  append(second, 'e2');
  expect([second.trim(), eventsIn(second)]).toEqual([undefined, ['e1', 'e2']]);
  vi.advanceTimersByTime(2 * DAY_MS);
  second.keepTime();
  const third = new SpoolTables(database, BOUNDS);
  expect([eventsIn(third), third.trim()]).toEqual([['e2'], '1 had waited longer than "journal.maxAgeDays" and were removed']);
});

test.each([
  ['forward', [400]],
  ['back', [-400]],
  ['forward and back', [400, -400, 0]],
])('a clock that is set %s by more than events may wait removes none, for this host and the next, and keeps the order', (_, jumps) => {
  const database = openDatabase();
  const tables = new SpoolTables(database, BOUNDS);
  const names = ['e', ...jumps.map((days) => `e${days}`)];
  append(tables, 'e');
  for (const days of jumps) {
    vi.setSystemTime(NOW + days * DAY_MS);
    append(tables, `e${days}`);
    vi.advanceTimersByTime(DAY_MS);
    expect(tables.trim()).toBeUndefined();
  }
  expect(eventsIn(tables)).toEqual(names);
  tables.keepTime();
  vi.setSystemTime(NOW);
  const next = new SpoolTables(database, BOUNDS);
  expect([next.trim(), eventsIn(next)]).toEqual([undefined, names]);
  vi.advanceTimersByTime(15 * DAY_MS);
  expect([next.trim(), eventsIn(next)]).toEqual([expect.stringContaining(`${names.length} had waited`), []]);
});

test('a spool of a version that kept no time begins with that of its newest event', () => {
  const database = openDatabase();
  database.exec(
    `INSERT INTO spool (plugin, hook, event, time, body, bytes) VALUES ('one', 'app.save', 'e1', ${NOW - 20 * DAY_MS}, '{}', 2)`,
  );
  database.exec(
    `INSERT INTO spool (plugin, hook, event, time, body, bytes) VALUES ('one', 'app.save', 'e2', ${NOW - 2 * DAY_MS}, '{}', 2)`,
  );
  expect(eventsIn(new SpoolTables(database, BOUNDS))).toEqual(['e2']);
});
