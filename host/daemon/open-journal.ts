import { isKept } from '../registry/subscriptions.ts';
import type { Registry } from '../registry/types.ts';
import type { HostJournal, HostJournalOptions } from './host-journal.ts';

export type { HostJournal };

export type JournalClass = typeof HostJournal;

/** What keeps a journal, loaded only for hosts that are to keep one; undefined for the others. */
export async function loadJournal(isWanted: boolean, { config }: Registry): Promise<JournalClass | undefined> {
  return isWanted && config.journal?.enabled !== false ? (await import('./host-journal.ts')).HostJournal : undefined;
}

/** A journal where one is kept; without, subscriptions that ask for `at-least-once` are told of. */
export function openJournal(Kept: JournalClass | undefined, options: HostJournalOptions): HostJournal | undefined {
  if (Kept !== undefined) return new Kept(options);
  const { registry, log } = options;
  const plugins = [...registry.subscriptions.values()]
    .flat()
    .filter(isKept)
    .map(({ plugin }) => plugin);
  const reason = 'this host keeps no journal: events are told once, as with "delivery: at-most-once"';
  if (plugins.length > 0) log.warn('no delivery at least once', { plugins: [...new Set(plugins)], reason });
  return undefined;
}
