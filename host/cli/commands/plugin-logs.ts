import type { LogsReadParams, LogsReadResult } from '@outrigger/schemas';
import type { LogLevel } from '../../protocol/log-levels.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import type { Tone } from '../print/paint.ts';
import { printable, printableJson } from '../print/printable.ts';

type Line = LogsReadResult['lines'][number];

export interface LogsOptions {
  readonly follow?: boolean;
  readonly lines?: number;
  readonly level?: LogLevel;
}

/** How long the daemon holds a question while there is nothing new, in milliseconds. */
const WAIT_MS = 10_000;
const TONES: Readonly<Record<LogLevel, Tone>> = { debug: 'faint', info: 'plain', warn: 'warn', error: 'bad' };

/** `outrigger plugins logs`: what plugins wrote and what the daemon says about them, out of the daemon that runs; 4 without one. */
export function pluginLogs(context: CliContext, plugins: readonly string[], options: LogsOptions): Promise<number> {
  const wanted: LogsReadParams = {
    ...(plugins.length === 0 ? {} : { plugins: [...plugins] }),
    ...(options.level === undefined ? {} : { level: options.level }),
  };
  return withDaemon(context, async (wire) => {
    const first = await wire.request<LogsReadResult>('logs/read', { ...wanted, lines: options.lines ?? 100 });
    if (options.follow !== true) {
      context.answer({ lines: first.lines }, () => first.lines.map((line) => lineText(line, context)).join('\n') || 'Nothing was said');
      return EXIT.done;
    }
    for (let read = first; ; ) {
      for (const line of read.lines) print(context, line);
      // More than a page of the latest cannot be asked for at once: what is behind it comes with the next one.
      read = await wire.request<LogsReadResult>('logs/read', { ...wanted, lines: 1000, after: read.next, waitMs: WAIT_MS });
      if (read.hasGap) context.log.warn('Lines are missing here: they came faster than they were read');
    }
  });
}

function print(context: CliContext, line: Line): void {
  context.write(1, `${context.options.json ? printableJson(line) : lineText(line, context)}\n`);
}

/** `12:30:01.500 protect: warn: the text`; further lines indented, so that none can pass for another one. */
function lineText({ time, level, plugin, stream, message }: Line, { paint }: CliContext): string {
  const at = paint('faint', printable(time.slice(11, 23)));
  const who = paint('name', printable(plugin));
  const text = message.trimEnd().split(/\r?\n/).map(printable).join('\n  | ');
  const how = stream === undefined ? paint('faint', ' (daemon)') : '';
  return `${at} ${who}${how}: ${paint(TONES[level], level === 'info' ? text : `${level}: ${text}`)}`;
}
