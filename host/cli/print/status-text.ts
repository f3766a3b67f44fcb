import type { StatusResult } from '@outrigger/schemas';
import type { Tone } from './paint.ts';
import { printable } from './printable.ts';
import { type Cell, type Column, type TableStyle, table } from './table.ts';

type Plugin = StatusResult['plugins'][number];

const TONES: Readonly<Partial<Record<Plugin['state'], Tone>>> = {
  ready: 'good',
  starting: 'warn',
  backoff: 'warn',
  draining: 'warn',
  quarantined: 'bad',
  refused: 'bad',
  untrusted: 'warn',
  broken: 'bad',
};
const COLUMNS: readonly Column[] = [
  { title: 'plugin' },
  { title: 'state' },
  { title: 'pid', align: 'right' },
  { title: 'restarts', align: 'right' },
  { title: 'in flight', align: 'right' },
  { title: 'queued', align: 'right' },
  { title: 'answered', align: 'right' },
  { title: 'failed', align: 'right' },
  { title: 'memory', align: 'right' },
  { title: 'p50 / p99', align: 'right' },
  { title: 'held by' },
];
const NONE = '–';

/** How a daemon is, for people: itself, its plugins, and what is not as it should be. */
export function statusText(status: StatusResult, style: TableStyle): string {
  const { plugins } = status;
  const rows = plugins.length > 0 ? table(COLUMNS, plugins.map(row), style) : 'No plugins here; add one with: outrigger plugins add <path>';
  const notes = notesOn(status, style);
  return [...head(status, style), '', rows, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function head(
  { pid, version, state, uptimeMs, memoryKb, addresses, clients, inFlight, events, blocked, replaced, configFiles, journal }: StatusResult,
  { paint }: TableStyle,
): string[] {
  const facts: [string, string][] = [
    ['up', `${durationText(uptimeMs)}, ${memoryText(memoryKb)}`],
    ['listens on', addresses.join(', ')],
    ['config', configFiles.join(', ') || 'none'],
    ['clients', `${clients}, ${inFlight} ${inFlight === 1 ? 'request' : 'requests'} in flight`],
    ['events', `${events}, ${blocked} blocked, ${replaced} replaced`],
    ['journal', journal === undefined ? 'none is kept' : journalText(journal)],
  ];
  const title = `${paint('strong', `Daemon ${pid}`)} ${printable(version)} ${paint(state === 'serving' ? 'good' : 'warn', state)}`;
  return [title, ...facts.map(([name, text]) => `${paint('faint', name.padEnd(12))}${printable(text)}`)];
}

function journalText({ bytes, written, lost, queued, spool }: NonNullable<StatusResult['journal']>): string {
  const kept = [`${memoryText(Math.round(bytes / BYTES_IN_KB))}`, `${written} written`, `${lost} lost`, `${queued} queued`];
  const waiting = spool && [`${spool.events} events wait for plugins`, `${spool.dropped} dropped`, `${spool.lost} not kept`];
  return [kept.join(', '), ...(waiting ? [waiting.join(', ')] : [])].join('; ');
}

function row({ name, state, pid, restarts, inFlight, queued, answered, failed, memoryKb, p50Ms, p99Ms, hold }: Plugin): Cell[] {
  const failures = failed === undefined ? undefined : Object.values(failed).reduce((total, count) => total + count, 0);
  const numbers = [pid, restarts, inFlight, queued, answered, failures].map((number) => ({
    text: number === undefined ? NONE : String(number),
  }));
  const memory = { text: memoryKb === undefined ? NONE : memoryText(memoryKb) };
  const times = { text: p50Ms === undefined || p99Ms === undefined ? NONE : `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)} ms` };
  return [
    { text: printable(name), tone: 'name' },
    { text: state, tone: TONES[state] ?? 'plain' },
    ...numbers,
    memory,
    times,
    { text: hold === undefined ? NONE : `${hold.driver}, ${hold.limits} limits` },
  ];
}

function notesOn({ plugins, failOpens, problems, lastReload, journal }: StatusResult, { paint }: TableStyle): string[] {
  const notes = plugins.flatMap((plugin) =>
    pluginNotes(plugin).map((note) => `${paint('name', printable(plugin.name))}: ${printable(note)}`),
  );
  const opens = failOpens.map(({ plugin, hook, code, count }) =>
    paint('warn', printable(`${count} events went on without ${plugin} at ${hook}: ${code}`)),
  );
  const refused = lastReload?.applied === false ? [`Reload refused ${lastReload.time}: ${lastReload.reason ?? ''}`] : [];
  const disk = journal?.lastProblem;
  const spoilt = disk === undefined ? [] : [`Journal ${disk.time}: ${disk.message}`];
  return [...notes, ...opens, ...[...refused, ...spoilt, ...problems].map((problem) => paint('bad', printable(problem)))];
}

function pluginNotes(plugin: Plugin): string[] {
  const { reason, lastExit, nextStartMs, failed, breakers, notificationsDropped, logLevel, spool } = plugin;
  const failures = Object.entries(failed ?? {}).map(([code, count]) => `${code} ${count}`);
  return [
    ...(reason === undefined ? [] : [reason]),
    ...(lastExit === undefined ? [] : [`last exit ${lastExit.time}, ${lastExit.death}: ${lastExit.message}`]),
    ...(nextStartMs === undefined ? [] : [`next start in ${durationText(nextStartMs)}`]),
    ...(failures.length > 0 ? [`failed calls: ${failures.join(', ')}`] : []),
    ...(breakers ?? []).map(({ hook, state }) => `breaker ${state} at ${hook}`),
    ...(spool !== undefined && spool.events > 0 ? [`${spool.events} events wait for it, ${spool.bytes} bytes`] : []),
    ...(spool !== undefined && spool.aside > 0 ? [`${spool.aside} events set aside: it failed at them too often`] : []),
    ...(logLevel === undefined ? [] : [`log level ${logLevel}`]),
    ...(notificationsDropped ? [`${notificationsDropped} notifications dropped`] : []),
  ];
}

const BYTES_IN_KB = 1024;
const KB_IN_MB = 1024;

function memoryText(kb: number): string {
  return kb < KB_IN_MB ? `${kb} KiB` : `${Math.round(kb / KB_IN_MB)} MiB`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `950 ms`, `12 s`, `3 min`, `5 h`, `2 d`. */
function durationText(ms: number): string {
  const units: [number, string][] = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [SECOND, 's'],
  ];
  const [size, name] = units.find(([unit]) => ms >= unit) ?? [1, 'ms'];
  return `${Math.floor(ms / size)} ${name}`;
}
