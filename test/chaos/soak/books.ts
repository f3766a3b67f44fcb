import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Trace } from '@outrigger/schemas';
import { ledgerOf, type Member } from './fleet.ts';
import type { Fired, Heard } from './types.ts';

/** Something beside traces that the journal has. */
export interface Recorded {
  readonly time: number;
  readonly kind: string;
  readonly plugin: string | null;
  readonly event: string | null;
  readonly message: string;
  readonly data: Record<string, unknown>;
}

/** All that was written down: by clients, by plugins, by the daemon. */
export interface Books {
  readonly fired: readonly Fired[];
  readonly heard: ReadonlyMap<string, readonly Heard[]>;
  readonly traces: ReadonlyMap<string, Trace>;
  readonly records: readonly Recorded[];
  /** Events that wait, or that were set aside, by the name under which the spool keeps them. */
  readonly spooled: readonly { readonly event: string; readonly aside: string | null }[];
}

export function readBooks(folder: string, members: readonly Member[]): Books {
  const outcomes = join(folder, 'outcomes');
  const data = join(folder, 'data');
  const journal = new DatabaseSync(join(data, 'journal.db'), { readOnly: true });
  const rows = (database: DatabaseSync, sql: string): Record<string, unknown>[] => database.prepare(sql).all();
  const traces = new Map<string, Trace>();
  for (const { event, body } of rows(journal, 'SELECT event, body FROM traces'))
    traces.set(String(event), JSON.parse(String(body)) as Trace);
  const records = rows(journal, 'SELECT time, kind, plugin, event, message, data FROM records ORDER BY seq').map(
    (row) => ({ ...row, data: row['data'] === null ? {} : JSON.parse(String(row['data'])) }) as unknown as Recorded,
  );
  journal.close();
  return {
    fired: readdirSync(outcomes).flatMap((name) => linesOf(join(outcomes, name)).map((line) => JSON.parse(line) as Fired)),
    heard: new Map(members.map((member) => [member.name, linesOf(ledgerOf(folder, member)).map(heardOf)])),
    traces,
    records,
    spooled: spools(data).flatMap((file) => {
      const spool = new DatabaseSync(file, { readOnly: true });
      const found = rows(spool, 'SELECT event, aside FROM spool') as unknown as Books['spooled'];
      spool.close();
      return found;
    }),
  };
}

function spools(data: string): string[] {
  return readdirSync(data)
    .filter((name) => /^spool-.*\.db$/.test(name))
    .map((name) => join(data, name));
}

/** The last line of somebody who was killed may be cut. */
function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .trimEnd()
    .split('\n')
    .filter(Boolean);
}

function heardOf(line: string): Heard {
  const [event = '', hook = '', client = '', n = '', pid = '', attempt = ''] = line.split(' ');
  return { event, hook, client, n: Number(n), pid: Number(pid), attempt: Number(attempt) };
}
