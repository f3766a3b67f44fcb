import type { JournalRecord } from '../journal/types.ts';
import type { Logger } from '../protocol/types.ts';

/** Who had something done. Name and process of a client are what it says of itself. */
export interface Actor {
  readonly via: 'socket' | 'network' | 'dashboard' | 'signal' | 'files' | 'process' | 'application';
  /** Of the client, or of the signal. */
  readonly name?: string;
  readonly pid?: number;
  /** The one user who may connect to the socket. */
  readonly uid?: number;
  /** Where a client on the network is. */
  readonly address?: string;
}

/** What somebody did, as the log and the journal keep it. */
export interface AuditEntry {
  /** One word: `restart`, `enable`, `grant` … */
  readonly action: string;
  readonly plugin?: string | undefined;
  /** Which setting, or which files; never the value of one that may be a secret. */
  readonly detail?: string | undefined;
  readonly by: Actor;
  /** Why it was refused; undefined when it was done. */
  readonly reason?: string | undefined;
}

/** The application that embeds the host. */
export const APPLICATION: Actor = { via: 'application' };

/** A record with `kind: 'audit'`. */
export function auditRecord({ action, plugin, detail, by, reason }: AuditEntry): Omit<JournalRecord, 'time'> {
  const result = reason === undefined ? 'done' : 'refused';
  return {
    kind: 'audit',
    ...(plugin === undefined ? {} : { plugin }),
    message: reason === undefined ? action : `${action} refused: ${reason}`,
    data: {
      action,
      result,
      by,
      daemon: process.pid,
      ...(detail === undefined ? {} : { detail }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

/** One line of the log: the only one where no journal is kept. */
export function logAudit(log: Logger, { action, plugin, detail, by, reason }: AuditEntry): void {
  const what = reason === undefined ? `${action} by ${actorText(by)}` : `${action} by ${actorText(by)} was refused`;
  const facts = Object.entries({ plugin, detail, reason }).filter(([, fact]) => fact !== undefined);
  log.info(what, Object.fromEntries(facts));
}

/** Keeps what somebody had done: in the journal, where there is one, and in the log. */
export type Auditor = (entry: AuditEntry) => void;

export function auditor(log: Logger, journal: { record(facts: Omit<JournalRecord, 'time'>): void } | undefined): Auditor {
  return (entry) => {
    logAudit(log, entry);
    journal?.record(auditRecord(entry));
  };
}

/** Whoever started this process: another one of the same user. */
export function starter(): Actor {
  const uid = process.getuid?.();
  return { via: 'process', pid: process.ppid, ...(uid === undefined ? {} : { uid }) };
}

/** `the dashboard`, `client outrigger, process 17`: for people. */
export function actorText({ via, name, pid, address }: Actor): string {
  const process = pid === undefined ? '' : `, process ${pid}`;
  switch (via) {
    case 'socket':
      return `${name ?? 'a client'}${process}`;
    case 'network':
      return `${name ?? 'a client'} at ${address ?? 'an unknown address'}`;
    case 'dashboard':
      return 'the dashboard';
    case 'signal':
      return name ?? 'a signal';
    case 'files':
      return 'files that changed';
    case 'process':
      return `process ${pid ?? 'unknown'}`;
    case 'application':
      return 'the application';
  }
}
