import { type Actor, actorText } from '../../daemon/audit.ts';
import { readRecords } from '../../journal/read-journal.ts';
import type { JournalRecord } from '../../journal/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { journalPlace } from '../journal-place.ts';
import { printable } from '../print/printable.ts';
import { type Cell, table } from '../print/table.ts';
import { UsageError } from '../usage-error.ts';

export interface AuditOptions {
  readonly since?: string;
  readonly number?: number;
  readonly plugin?: string;
}

/** One action as it is shown. */
interface Action {
  readonly time: string;
  readonly action: string;
  readonly plugin?: string;
  readonly detail?: string;
  readonly result: 'done' | 'refused';
  readonly reason?: string;
  readonly by: Actor;
  readonly daemon?: number;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const COLUMNS = [{ title: 'time' }, { title: 'who' }, { title: 'action' }, { title: 'plugin' }, { title: 'what', wraps: true as const }];

/** `outrigger audit`: what operators did, out of the journal that daemons keep; one need not run. */
export async function audit(context: CliContext, { since, number = 50, plugin }: AuditOptions): Promise<number> {
  const after = since === undefined ? {} : { since: sinceOf(since) };
  const journal = await journalPlace(context);
  const records = await readRecords(journal, { kind: 'audit', limit: number, ...after, ...(plugin === undefined ? {} : { plugin }) });
  const actions = records.map(actionOf);
  context.answer({ actions }, () => (actions.length > 0 ? table(COLUMNS, actions.map(row), context) : 'Nothing was done'));
  return EXIT.done;
}

function actionOf({ time, plugin, message, data = {} }: JournalRecord): Action {
  const facts = data as Partial<Action>;
  return {
    time: new Date(time).toISOString(),
    action: facts.action ?? message,
    ...(plugin === undefined ? {} : { plugin }),
    ...(facts.detail === undefined ? {} : { detail: facts.detail }),
    result: facts.result ?? 'done',
    ...(facts.reason === undefined ? {} : { reason: facts.reason }),
    by: facts.by ?? { via: 'application' },
    ...(facts.daemon === undefined ? {} : { daemon: facts.daemon }),
  };
}

function row({ time, by, action, plugin, detail, result, reason }: Action): Cell[] {
  const what = [detail, reason].filter((part) => part !== undefined).join(': ');
  return [
    { text: printable(time), tone: 'faint' },
    { text: printable(actorText(by)) },
    { text: printable(result === 'done' ? action : `${action} refused`), tone: result === 'done' ? 'plain' : 'bad' },
    { text: printable(plugin ?? ''), tone: 'name' },
    { text: printable(what) },
  ];
}

/** `90s`, `15m`, `2h`, `7d` before now, or a date; in milliseconds since 1970. */
function sinceOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Date.now() - Number(count) * (UNITS[unit] ?? 0);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(`Cannot use "${text}" as a time: give a span such as 90s, 15m, 2h or 7d, or a date such as 2026-01-31T12:00`);
}
