import { existsSync } from 'node:fs';
import type { Trace, TraceGetResult, TracesReadResult } from '@outrigger/schemas';
import type { Wire } from '../../client/wire.ts';
import { journalFile } from '../../journal/journal.ts';
import { followAllTraces, readAllTraces, type TracePlaces } from '../../journal/read-journal.ts';
import type { ReadTracesOptions } from '../../journal/read-traces.ts';
import { dataFolder } from '../../registry/data-folder.ts';
import { loadConfig } from '../../registry/load-config.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { followDaemon, never, tracesOf } from '../follow-daemon.ts';
import { printable, printableJson } from '../print/printable.ts';
import { traceLine, traceList } from '../print/trace-list.ts';
import { traceTable } from '../print/trace-table.ts';
import { withRunningDaemon } from '../running-daemon.ts';
import { traceLocation } from '../trace-location.ts';
import { UsageError } from '../usage-error.ts';
import { cacheFolder } from '../user-folders.ts';

interface TraceOptions {
  readonly follow?: boolean;
  readonly number?: number;
  readonly hook?: string;
  readonly daemon?: boolean;
}

interface Asked extends TraceOptions {
  readonly wire?: Wire;
}

/** Most events that a daemon is asked for at once. */
const MOST_ASKED = 1000;

/** `outrigger trace`: the list, one event, or what comes from now on; from disk, and from the memory of the daemon where one runs. */
export async function trace(context: CliContext, event: string | undefined, options: TraceOptions): Promise<number> {
  if (event !== undefined && options.follow) throw new UsageError('Cannot follow one event: leave out "--follow" or the event');
  const answered = await withRunningDaemon(context, options, (wire) => show(context, event, { ...options, wire }));
  return answered ?? show(context, event, options);
}

async function show(context: CliContext, event: string | undefined, options: Asked): Promise<number> {
  const { wire } = options;
  const places = await tracePlaces(context, wire !== undefined);
  const hook = options.hook === undefined ? {} : { hook: options.hook };
  if (event !== undefined) return showOne(context, await findOne(context, places, event, { ...hook, wire }));
  const reading = { ...hook, limit: options.number ?? 20, onCorrupt: corrupt(context, places) };
  if (options.follow) return follow(context, places, reading, wire);
  const traces = await readEverywhere(places, reading, wire);
  const none = options.hook === undefined ? 'No event has been traced yet' : `No event of "${printable(options.hook)}" has been traced yet`;
  context.answer({ traces }, () => (traces.length > 0 ? traceList(traces, context) : none));
  return EXIT.done;
}

/** What is on disk, and what the daemon remembers and has not on disk yet, or keeps nowhere. */
async function readEverywhere(
  places: TracePlaces,
  reading: ReadTracesOptions & { limit: number },
  wire: Wire | undefined,
): Promise<Trace[]> {
  const kept = await readAllTraces(places, reading);
  if (wire === undefined) return kept;
  const known = new Set(kept.map((one) => one.event));
  const { limit, hook } = reading;
  const asked = { events: Math.min(limit, MOST_ASKED), ...(hook === undefined ? {} : { hook }) };
  const remembered = tracesOf(await wire.request<TracesReadResult>('traces/read', asked)).filter((one) => !known.has(one.event));
  // Each in its own order, the later last: a clock that was set back would put the newest in front.
  return [...kept, ...remembered].slice(-limit);
}

async function tracePlaces({ options, cwd, env }: CliContext, hasDaemon: boolean): Promise<TracePlaces> {
  const config = options.config === undefined ? {} : { config: options.config };
  const { config: settings } = await loadConfig({ ...config, cwd, env, cacheDir: cacheFolder(env) });
  const location = traceLocation(settings.traces, env);
  const journal = journalFile(dataFolder(env, settings));
  if (!location && !hasDaemon && !existsSync(journal))
    throw new Error('Cannot read traces: "traces.enabled" is false in the config, or there is no home folder to keep them in');
  return { file: location?.file, journal };
}

async function findOne(
  context: CliContext,
  places: TracePlaces,
  event: string,
  { wire, ...hook }: { hook?: string; wire: Wire | undefined },
): Promise<Trace> {
  const onCorrupt = corrupt(context, places);
  const found =
    event === 'last'
      ? await readEverywhere(places, { ...hook, limit: 1, onCorrupt }, wire)
      : await readAllTraces(places, { ...hook, event, limit: 2, onCorrupt });
  const isKept = found.length > 0 || event === 'last';
  const remembered = isKept ? undefined : (await wire?.request<TraceGetResult>('trace/get', { event }))?.trace;
  if (remembered !== undefined) return remembered as unknown as Trace;
  const [first, second] = found;
  if (!first)
    throw new Error(
      event === 'last'
        ? 'Cannot show the last event: none has been traced yet'
        : `Cannot find event "${event}": no trace in ${inWords(places)} begins so`,
    );
  if (second) throw new Error(`Cannot tell which event "${event}" is: it may be "${first.event}" or "${second.event}", give more of it`);
  return first;
}

function inWords({ file, journal }: TracePlaces): string {
  return file === undefined ? `"${journal}"` : `"${file}" or "${journal}"`;
}

function showOne(context: CliContext, found: Trace): number {
  context.answer(found, () => traceTable(found, context));
  return EXIT.done;
}

interface Reading extends ReadTracesOptions {
  readonly limit: number;
}

async function follow(context: CliContext, places: TracePlaces, reading: Reading, wire: Wire | undefined): Promise<number> {
  const { options, write } = context;
  const print = (one: Trace): void => write(1, `${options.json ? printableJson(one) : traceLine(one, context)}\n`);
  // Opened before the old ones are read, so that none is lost in between.
  const coming = wire === undefined ? followAllTraces(places, never()) : followDaemon(context, places, wire);
  const shown = new Set<string>();
  for (const one of await readEverywhere(places, reading, wire)) {
    shown.add(one.event);
    print(one);
  }
  for await (const one of coming) {
    if (reading.hook !== undefined && one.hook !== reading.hook) continue;
    if (!shown.delete(one.event)) print(one);
  }
  return EXIT.done;
}

function corrupt({ log }: CliContext, { file }: TracePlaces): (lines: number) => void {
  return (lines) => log.warn(`Skipped ${lines} ${lines === 1 ? 'line' : 'lines'} of "${file}": no traces`);
}
