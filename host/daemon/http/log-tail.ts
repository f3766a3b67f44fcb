import type { LogsReadParams, LogsReadResult } from '@outrigger/schemas';
import { isAtLeast, type LogLevel, speakerOf } from '../../protocol/log-levels.ts';
import type { Logger } from '../../protocol/types.ts';
import { untilHeard } from '../until-heard.ts';
import { KEPT_LOG_LINES, type LogLine, MAX_LOG_CHARS, PAGE_LOG_LINES } from './types.ts';

/** The lowest level of what a plugin says, where the operator has set one. */
export type LevelOf = (plugin: string) => LogLevel | undefined;

type PluginLine = LogsReadResult['lines'][number];

interface Kept {
  lines: LogLine[];
  /** Number of the last line that had to go. */
  goneTo: number;
}

const LINES = 100;

/** The latest lines of a log, beside wherever it goes: plugins' own words and the host's. */
export class LogTail {
  readonly #listeners: Set<(line: LogLine) => void> = new Set();
  /** By plugin; under the empty name those about none. */
  readonly #kept: Map<string, Kept> = new Map();
  #count = 0;

  /** The same log, listened to: from `info` on, of a plugin from the level that is set for it. */
  tee(log: Logger, levelOf: LevelOf = () => undefined): Logger {
    const both =
      (level: LogLevel): Logger['info'] =>
      (message, fields) => {
        log[level](message, fields);
        const speaker = speakerOf(fields);
        const lowest = (speaker === undefined ? undefined : levelOf(speaker)) ?? 'info';
        if (isAtLeast(level, lowest)) this.#add(level, message, fields);
      };
    return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
  }

  /** What a page is told first, oldest first. */
  latest(): readonly LogLine[] {
    return this.#inOrder([...this.#kept.values()]).slice(-PAGE_LOG_LINES);
  }

  /** Lines about plugins, as far as they are kept. */
  read({ plugins, level = 'debug', lines = LINES, after }: LogsReadParams): LogsReadResult {
    const kept = [...this.#kept].filter(([name]) => name !== '' && (plugins === undefined || plugins.includes(name))).map(([, one]) => one);
    const all = this.#inOrder(kept).filter((line) => isAtLeast(line.level, level) && line.number > (after ?? 0)) as PluginLine[];
    const isPart = after !== undefined && all.length > lines;
    const found = isPart ? all.slice(0, lines) : all.slice(-lines || all.length);
    return {
      lines: found,
      next: isPart ? (found.at(-1)?.number ?? after) : this.#count,
      hasGap: after !== undefined && kept.some(({ goneTo }) => goneTo > after),
    };
  }

  /** The same, once there is something behind `after`, or `waitMs` are over, or the signal aborts. */
  async follow(params: LogsReadParams, signal: AbortSignal): Promise<LogsReadResult> {
    const { after, waitMs = 0 } = params;
    const now = this.read(params);
    if (after === undefined || waitMs === 0 || now.lines.length > 0 || now.hasGap) return now;
    await untilHeard(
      (listener: (line: LogLine) => void) => this.listen(listener),
      (line) => this.#isWanted(line, params),
      { signal, ms: waitMs },
    );
    return this.read(params);
  }

  /** Told of every new line; the result ends it. */
  listen(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Whether there is, or was, something to be read about the plugin. */
  knows(plugin: string): boolean {
    return plugin !== '' && this.#kept.has(plugin);
  }

  #isWanted({ plugin, level }: LogLine, { plugins, level: lowest = 'debug' }: LogsReadParams): boolean {
    return plugin !== undefined && (plugins === undefined || plugins.includes(plugin)) && isAtLeast(level, lowest);
  }

  #inOrder(kept: readonly Kept[]): LogLine[] {
    return kept.flatMap(({ lines }) => lines).sort((a, b) => a.number - b.number);
  }

  #add(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { plugin, reason, time, stream } = fields;
    const text = typeof reason === 'string' ? `${message}: ${reason}` : message;
    this.#count += 1;
    const line: LogLine = {
      number: this.#count,
      time: typeof time === 'string' ? time : new Date().toISOString(),
      level,
      message: text.length > MAX_LOG_CHARS ? `${text.slice(0, MAX_LOG_CHARS)}…` : text,
      ...(typeof plugin === 'string' ? { plugin } : {}),
      ...(stream === 'log' || stream === 'stderr' ? { stream } : {}),
    };
    this.#keep(line);
    for (const listen of this.#listeners) listen(line);
  }

  #keep(line: LogLine): void {
    const name = line.plugin ?? '';
    const kept = this.#kept.get(name) ?? { lines: [], goneTo: 0 };
    this.#kept.set(name, kept);
    kept.lines.push(line);
    // In bulk, for moving all of them with every line is the greater work.
    if (kept.lines.length < 2 * KEPT_LOG_LINES) return;
    kept.goneTo = kept.lines[KEPT_LOG_LINES - 1]?.number ?? 0;
    kept.lines = kept.lines.slice(KEPT_LOG_LINES);
  }
}
