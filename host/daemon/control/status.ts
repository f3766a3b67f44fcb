import type { StatusResult } from '@outrigger/schemas';
import { treeMemoryKb } from '../../sandbox/limits/memory.ts';
import type { PluginStatus } from '../../supervisor/types.ts';
import type { AnyHost } from '../clients/types.ts';
import type { JournalStats } from '../host-journal.ts';
import type { ReloadRecord } from '../live/reloader.ts';
import type { CallTimes } from '../metrics/call-times.ts';
import type { PluginInfo } from '../types.ts';

type PluginResult = StatusResult['plugins'][number];

/** A circuit breaker that is not closed. */
export interface TrippedBreaker {
  readonly plugin: string;
  readonly hook: string;
  readonly state: 'open' | 'half-open';
}

/** The part of a status that the host knows. */
export type HostPart = Pick<
  StatusResult,
  | 'memoryKb'
  | 'configFiles'
  | 'events'
  | 'blocked'
  | 'replaced'
  | 'answers'
  | 'failOpens'
  | 'problems'
  | 'journal'
  | 'lastReload'
  | 'plugins'
>;

type ProcessPart = Pick<PluginResult, 'state' | 'starts' | 'restarts' | 'pid' | 'memoryKb' | 'nextStartMs' | 'lastExit' | 'hold'>;
type CallsPart = Pick<PluginResult, 'inFlight' | 'queued' | 'answered' | 'failed' | 'notificationsDropped'>;

const KB = 1024;

export interface StatusSources {
  readonly host: AnyHost;
  readonly configFiles: readonly string[];
  readonly breakers: readonly TrippedBreaker[];
  readonly times: CallTimes;
  /** What is wrong with the daemon itself. */
  readonly problem?: string | undefined;
}

/** How a host and its plugins are, as clients are told. */
export function hostStatus({ host, configFiles, breakers, times, problem }: StatusSources): HostPart {
  const { events, blocked, replaced, answers, failOpens, journal } = host.stats();
  return {
    memoryKb: Math.round(process.memoryUsage.rss() / KB),
    configFiles: [...configFiles],
    events,
    blocked,
    replaced,
    answers: { ...answers },
    failOpens: Object.entries(failOpens).map(([key, count]) => {
      const [plugin = '', hook = '', code = ''] = key.split(' ');
      return { plugin, hook, code, count };
    }),
    problems: [
      ...(problem === undefined ? [] : [problem]),
      ...host.problems.map(({ message, plugin }) => (plugin === undefined ? message : `${plugin}: ${message}`)),
    ],
    ...(journal === undefined ? {} : { journal: journalPart(journal) }),
    ...(host.lastReload === undefined ? {} : { lastReload: reloadPart(host.lastReload) }),
    plugins: host.plugins().map((info) => {
      const { name } = info.registered;
      const spool = journal?.spools[name];
      return { ...pluginStatus(info, breakers), ...times.of(name), ...(spool === undefined ? {} : { spool: { ...spool } }) };
    }),
  };
}

function journalPart({ file, bytes, written, lost, queued, spool, lastProblem }: JournalStats): NonNullable<StatusResult['journal']> {
  return {
    ...{ file, bytes, written, lost, queued },
    ...(spool === undefined ? {} : { spool: { ...spool } }),
    ...(lastProblem === undefined ? {} : { lastProblem: { ...lastProblem } }),
  };
}

function reloadPart({ applied, reason, time }: ReloadRecord): NonNullable<StatusResult['lastReload']> {
  return { applied, time, ...(reason === undefined ? {} : { reason }) };
}

function pluginStatus({ registered, status }: PluginInfo, breakers: readonly TrippedBreaker[]): PluginResult {
  const { name, state, reason, logLevel } = registered;
  const level = logLevel === undefined ? {} : { logLevel };
  if (status === undefined)
    return { name, state: state === 'enabled' ? 'stopped' : state, ...(reason === undefined ? {} : { reason }), ...level };
  const tripped = breakers.filter(({ plugin }) => plugin === name).map(({ hook, state }) => ({ hook, state }));
  return { name, ...processPart(status), ...callsPart(status), ...level, breakers: tripped };
}

function processPart({ state, pid, starts, restarts, nextStartMs, lastExit, hold }: PluginStatus): ProcessPart {
  const memoryKb = pid === undefined ? 0 : treeMemoryKb(pid, Number.POSITIVE_INFINITY);
  return {
    state,
    starts,
    restarts,
    ...(pid === undefined ? {} : { pid }),
    ...(memoryKb > 0 ? { memoryKb } : {}),
    ...(nextStartMs === undefined ? {} : { nextStartMs }),
    ...(lastExit === undefined ? {} : { lastExit: exitPart(lastExit) }),
    ...(hold === undefined ? {} : { hold: { ...hold } }),
  };
}

function callsPart({ inFlight, queued, answered, failed, notificationsDropped }: PluginStatus): CallsPart {
  return { inFlight, queued, answered, failed: { ...failed } as Record<string, number>, notificationsDropped };
}

function exitPart({ time, death, message, code, signal }: NonNullable<PluginStatus['lastExit']>): NonNullable<PluginResult['lastExit']> {
  return { time, death, message, ...(code === undefined ? {} : { code }), ...(signal === undefined ? {} : { signal }) };
}
