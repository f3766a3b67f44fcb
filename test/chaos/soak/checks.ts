import type { Books, Recorded } from './books.ts';
import type { SoakDaemon } from './daemon.ts';
import { answered, delivered, inOrder, once } from './event-checks.ts';
import type { Member } from './fleet.ts';
import type { Known } from './processes.ts';
import { check, countBy, listed, percent } from './tally.ts';
import type { Check, Fired, MemoryPoint, Reign } from './types.ts';
import type { Violence } from './violence.ts';

export interface Evidence {
  readonly members: readonly Member[];
  readonly books: Books;
  readonly reigns: readonly Reign[];
  readonly killed: Violence['killed'];
  readonly problems: ReturnType<SoakDaemon['problems']>;
  readonly memory: readonly MemoryPoint[];
  /** The text of `/metrics`, taken when nobody fired anything any more. */
  readonly metrics: string;
  readonly orphans: readonly Known[];
  readonly leftovers: readonly string[];
  readonly exitCode: number | null;
}

/** What a daemon that is killed had not written yet: traces are written behind the back of events. */
const UNWRITTEN_MS = 5000;
/** How long clients may need to notice that a daemon is there again: their longest pause is 5 s, and a machine may be busy. */
const RETURN_MS = 15_000;
const FLAT = 0.1;
/** How long a daemon must be watched for its memory to say anything. */
const SHORTEST_MS = 30_000;

/** Judges a soak by what everybody wrote down. */
export function judge(evidence: Evidence): Check[] {
  return [
    delivered(evidence),
    inOrder(evidence),
    once(evidence),
    answered(evidence),
    explained(evidence),
    counted(evidence),
    deaths(evidence),
    refused(evidence),
    clean(evidence),
    flat(evidence),
    quietLog(evidence),
  ];
}

function failuresOf({ cause, by, failOpens = [] }: Fired): string[] {
  return [...failOpens.map(({ plugin, code }) => `${plugin} ${code}`), ...(cause === 'failure' ? [`${by}`] : [])];
}

function explained(evidence: Evidence): Check {
  const { books, reigns } = evidence;
  const seen = books.fired.filter((fired) => failuresOf(fired).length > 0);
  const unwritten: Fired[] = [];
  const bad = seen.filter((fired) => {
    const trace = books.traces.get(fired.event as string);
    const isUnwritten = reigns.some((reign) => isLastWords(reign, fired.at));
    if (trace === undefined && isUnwritten) unwritten.push(fired);
    if (trace === undefined) return !isUnwritten;
    const traced = trace.answers.filter(({ status }) => status === 'failed').flatMap(({ plugin, code }) => [`${plugin} ${code}`, plugin]);
    return failuresOf(fired).some((failure) => !traced.includes(failure));
  });
  const codes = countBy(seen.flatMap(({ failOpens = [] }) => failOpens.map(({ code }) => code)));
  const facts = `${seen.length} events with a failure seen by clients (${listed(codes)}), ${unwritten.length} of them in the last ${UNWRITTEN_MS / 1000} s of a daemon that was killed`;
  return check('every failure a client saw is in a trace', bad, facts);
}

/** So short before the kill of a daemon, or of what it could still answer, that it may not have been written. */
function isLastWords({ isKilled, to }: Reign, at: number): boolean {
  return isKilled && at > to - UNWRITTEN_MS && at < to + UNWRITTEN_MS;
}

/** The last daemon's own counts against its traces. */
function counted({ books, reigns, metrics }: Evidence): Check {
  const { from } = reigns.at(-1) as Reign;
  const opened = books.records.filter(({ kind, message }) => kind === 'host' && message === 'opened').at(-1)?.time ?? from;
  const answers = [...books.traces.values()].filter(({ time }) => Date.parse(time) >= opened).flatMap(({ answers }) => answers);
  const traced = countBy(answers.flatMap(({ plugin, code }) => (code === undefined ? [] : [`${plugin} ${code}`])));
  const shown: Record<string, number> = {};
  for (const [, plugin, code, count] of metrics.matchAll(
    /^outrigger_call_failures_total\{plugin="([^"]+)",hook="[^"]+",code="([^"]+)"\} (\d+)$/gm,
  ))
    shown[`${plugin} ${code}`] = Number(count);
  const keys = [...new Set([...Object.keys(traced), ...Object.keys(shown)])];
  const bad = keys.filter((key) => traced[key] !== shown[key]).map((key) => ({ key, traced: traced[key], metrics: shown[key] }));
  const total = Object.values(shown).reduce((sum, count) => sum + count, 0);
  return check('/metrics and the journal count the same failures', bad, `${total} failures of the last daemon, ${keys.length} kinds`);
}

/** Each plugin that was killed has an exit on record, unless its daemon went too. */
function deaths({ books, reigns, killed }: Evidence): Check {
  const exits = countBy(books.records.filter(isKill).map(({ plugin }) => `${plugin}`));
  const surely = killed.filter(({ at }) => !reigns.some((reign) => isLastWords(reign, at)));
  const blows = countBy(surely.map(({ plugin }) => plugin));
  const bad = Object.entries(blows).filter(([plugin, count]) => (exits[plugin] ?? 0) < count);
  const recorded = Object.values(exits).reduce((sum, count) => sum + count, 0);
  return check(
    'every plugin that was killed has its end on record',
    bad.map(([plugin, count]) => ({ plugin, killed: count, recorded: exits[plugin] ?? 0 })),
    `${killed.length} killed, ${surely.length} of them while the daemon lived on, ${recorded} ends by SIGKILL on record`,
  );
}

function isKill({ kind, data }: Recorded): boolean {
  return kind === 'exit' && data['signal'] === 'SIGKILL';
}

/** Errors belong to the time when there was no daemon. */
function refused({ books, reigns }: Evidence): Check {
  const errors = books.fired.filter(({ error }) => error !== undefined);
  const gaps = reigns.flatMap(({ to, isKilled }, place) =>
    isKilled ? [{ from: to, to: (reigns[place + 1]?.from ?? to) + RETURN_MS }] : [],
  );
  const bad = errors.filter(({ at }) => !gaps.some(({ from, to }) => at >= from && at <= to));
  return check(
    'clients got errors only around a kill of the daemon',
    bad,
    `${errors.length} errors: ${listed(countBy(errors.map(({ error }) => `${error}`)))}`,
  );
}

function clean({ orphans, leftovers, exitCode, reigns }: Evidence): Check {
  const bad = [...orphans, ...leftovers, ...(exitCode === 0 ? [] : [`the daemon ended with ${exitCode}`])];
  return check(
    'no process, lock or socket is left',
    bad,
    `${reigns.length} daemons, ${reigns.filter(({ isKilled }) => isKilled).length} of them killed`,
  );
}

/**
 * Live objects say whether something is kept that should not be; resident memory, after a collection that gives back what it can, whether something
 * beside the heap is. Both are compared with the same daemon after warm-up, with nothing to do.
 */
function flat({ memory }: Evidence): Check {
  const name = 'memory is flat after warm-up';
  const [first, last] = [memory[0], memory.at(-1)];
  if (first === undefined || last === undefined) return { name, isGood: false, facts: 'never measured' };
  const [live, resident] = [last.liveKb / first.liveKb - 1, last.rssKb / first.rssKb - 1];
  const isShort = last.at - first.at < SHORTEST_MS;
  const mebibytes = (of: 'liveKb' | 'rssKb'): string => memory.map((point) => (point[of] / 1024).toFixed(1)).join(', ');
  const sizes = `live ${mebibytes('liveKb')} MiB (${percent(live)}), resident ${mebibytes('rssKb')} MiB (${percent(resident)})`;
  const facts = `${sizes}, after ${memory.map(({ events }) => events).join(', ')} events${isShort ? '; too short to judge' : ''}`;
  return { name, isGood: isShort || Math.max(live, resident) <= FLAT, facts };
}

/** What a daemon says of its own: nothing was lost, nothing was an accident. */
function quietLog({ problems }: Evidence): Check {
  const errors = problems.filter(({ level }) => level === 'error');
  const lost = problems.filter(({ message }) => /Cannot keep|a request of a client failed/.test(message));
  return check(
    'the daemon reports no loss and no error of its own',
    [...errors, ...lost],
    `${problems.length} warnings: ${listed(countBy(problems.map(({ message }) => message)))}`,
  );
}
