import { existsSync } from 'node:fs';
import type { Trace } from '@outrigger/schemas';
import { journalFile } from '../../journal/journal.ts';
import { followAllTraces, readAllTraces, type TracePlaces } from '../../journal/read-journal.ts';
import { dataFolder } from '../../registry/data-folder.ts';
import { loadConfig } from '../../registry/load-config.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { printable, printableJson } from '../print/printable.ts';
import { traceLine, traceList } from '../print/trace-list.ts';
import { traceTable } from '../print/trace-table.ts';
import { traceLocation } from '../trace-location.ts';
import { UsageError } from '../usage-error.ts';
import { cacheFolder } from '../user-folders.ts';

interface TraceOptions {
  readonly follow?: boolean;
  readonly number: number;
  readonly hook?: string;
}

/** `outrigger trace`: the list, one event, or what comes from now on. */
export async function trace(context: CliContext, event: string | undefined, options: Partial<TraceOptions>): Promise<number> {
  if (event !== undefined && options.follow) throw new UsageError('Cannot follow one event: leave out "--follow" or the event');
  const places = await tracePlaces(context);
  const hook = options.hook === undefined ? {} : { hook: options.hook };
  if (event !== undefined) return showOne(context, await findOne(context, places, event, hook));
  const reading = { ...hook, limit: options.number ?? 20, onCorrupt: corrupt(context, places) };
  if (options.follow) return follow(context, places, reading);
  const traces = await readAllTraces(places, reading);
  const none = options.hook === undefined ? 'No event has been traced yet' : `No event of "${printable(options.hook)}" has been traced yet`;
  context.answer({ traces }, () => (traces.length > 0 ? traceList(traces, context) : none));
  return EXIT.done;
}

async function tracePlaces({ options, cwd, env }: CliContext): Promise<TracePlaces> {
  const config = options.config === undefined ? {} : { config: options.config };
  const { config: settings } = await loadConfig({ ...config, cwd, env, cacheDir: cacheFolder(env) });
  const location = traceLocation(settings.traces, env);
  const journal = journalFile(dataFolder(env, settings));
  if (!location && !existsSync(journal))
    throw new Error('Cannot read traces: "traces.enabled" is false in the config, or there is no home folder to keep them in');
  return { file: location?.file, journal };
}

async function findOne(context: CliContext, places: TracePlaces, event: string, hook: { hook?: string }): Promise<Trace> {
  const onCorrupt = corrupt(context, places);
  const found = await readAllTraces(places, event === 'last' ? { ...hook, limit: 1, onCorrupt } : { ...hook, event, limit: 2, onCorrupt });
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

async function follow(context: CliContext, places: TracePlaces, reading: { hook?: string; limit: number }): Promise<number> {
  const { options, write } = context;
  const print = (one: Trace): void => write(1, `${options.json ? printableJson(one) : traceLine(one, context)}\n`);
  // Opened before the old ones are read, so that none is lost in between.
  const coming = followAllTraces(places, new AbortController().signal);
  const shown = new Set<string>();
  for (const one of await readAllTraces(places, reading)) {
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
