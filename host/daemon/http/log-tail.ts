import type { Logger } from '../../protocol/types.ts';
import { KeptLines } from './kept-lines.ts';
import { KEPT_LOG_LINES, type LogLine, MAX_LOG_CHARS } from './types.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The latest lines of a log, beside wherever it goes: plugins' own words and the host's. */
export class LogTail {
  readonly lines: KeptLines<LogLine> = new KeptLines(KEPT_LOG_LINES);
  #count = 0;

  /** The same log, listened to. What it hides with its level is not heard. */
  tee(log: Logger, lowest: LogLevel = 'info'): Logger {
    const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
    const heard = new Set(levels.slice(levels.indexOf(lowest)));
    const both =
      (level: LogLevel): Logger['info'] =>
      (message, fields) => {
        log[level](message, fields);
        if (heard.has(level)) this.#add(level, message, fields);
      };
    return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
  }

  #add(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { plugin, reason, time } = fields;
    const text = typeof reason === 'string' ? `${message}: ${reason}` : message;
    this.#count += 1;
    this.lines.add({
      number: this.#count,
      time: typeof time === 'string' ? time : new Date().toISOString(),
      level,
      message: text.length > MAX_LOG_CHARS ? `${text.slice(0, MAX_LOG_CHARS)}…` : text,
      ...(typeof plugin === 'string' ? { plugin } : {}),
    });
  }
}
