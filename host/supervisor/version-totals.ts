import type { ErrorCode } from '../protocol/errors.ts';
import { ConnectionTotals } from './connection-totals.ts';
import type { PluginStatus } from './types.ts';

/** The status of the version in use, with what the others have counted. */
export function sumStatus(current: PluginStatus, others: readonly PluginStatus[]): PluginStatus {
  if (others.length === 0) return current;
  const totals = new ConnectionTotals();
  for (const { connection } of others) totals.add(connection);
  const all = [current, ...others];
  const sum = (key: 'starts' | 'restarts' | 'inFlight' | 'queued' | 'answered' | 'notificationsDropped'): number =>
    all.reduce((total, status) => total + status[key], 0);
  return {
    ...current,
    starts: sum('starts'),
    restarts: sum('restarts'),
    inFlight: sum('inFlight'),
    queued: sum('queued'),
    answered: sum('answered'),
    notificationsDropped: sum('notificationsDropped'),
    failed: failedOf(all),
    connection: totals.with(current.connection),
  };
}

function failedOf(all: readonly PluginStatus[]): Partial<Record<ErrorCode, number>> {
  const failed: Partial<Record<ErrorCode, number>> = {};
  for (const status of all) {
    for (const [code, count] of Object.entries(status.failed) as [ErrorCode, number][]) failed[code] = (failed[code] ?? 0) + count;
  }
  return failed;
}
