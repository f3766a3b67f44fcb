import type { LastExit, PluginStatus } from '../supervisor/types.ts';
import type { JournalRecord } from './types.ts';

type Facts = Omit<JournalRecord, 'time'>;

/** What happened to a plugin between two of its statuses. */
export function lifeRecords(before: PluginStatus | undefined, now: PluginStatus): Facts[] {
  const { name: plugin, lastExit, pid, restarts, starts, state } = now;
  const records: Facts[] = [];
  if (lastExit !== undefined && isOther(lastExit, before?.lastExit)) records.push(exitRecord(plugin, lastExit));
  if (starts > (before?.starts ?? 0)) {
    const isRestart = restarts > (before?.restarts ?? 0);
    const message = isRestart ? 'started again after a failure' : 'started';
    records.push({ kind: 'start', plugin, message, data: { starts, restarts } });
  }
  if (state === before?.state) return records;
  if (state === 'ready') records.push({ kind: 'ready', plugin, message: 'ready', data: { pid } });
  if (state === 'quarantined') records.push({ kind: 'quarantine', plugin, message: 'set aside: it failed too often', data: { restarts } });
  if (state === 'refused') records.push({ kind: 'refused', plugin, message: 'will not be started again', data: { starts } });
  return records;
}

/** A status is made anew each time it is asked for. */
function isOther(one: LastExit, other: LastExit | undefined): boolean {
  return other === undefined || one.time !== other.time || one.death !== other.death || one.message !== other.message;
}

function exitRecord(plugin: string, { death, message, code, signal, stderr, limit }: LastExit): Facts {
  return { kind: 'exit', plugin, message, data: { death, code, signal, limit: limit?.kind, stderr: stderr.slice(-5) } };
}
