import { isAtLeast, type LogLevel, speakerOf } from '../protocol/log-levels.ts';
import type { Logger } from '../protocol/types.ts';
import type { Paint, Tone } from './print/paint.ts';
import { printable, printableJson, printableValue } from './print/printable.ts';

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** The lowest level of what a plugin says, where the operator has set one; it counts in place of the above. */
  readonly levelOf?: (plugin: string) => LogLevel | undefined;
  /** JSON lines in place of people's words. */
  readonly json: boolean;
  readonly paint: Paint;
  readonly write: (text: string) => void;
}

type Fields = Readonly<Record<string, unknown>>;

const TONES: Readonly<Record<LogLevel, Tone>> = { debug: 'faint', info: 'plain', warn: 'warn', error: 'bad' };
const PREFIXES: Readonly<Record<LogLevel, string>> = { debug: '', info: '', warn: 'warning: ', error: '' };

/** One record: `outrigger: warning: …` for people, its further lines indented; `{"level":"warn","message":…}` for programs. */
export function makeLog(options: LogOptions): Logger {
  const make = (level: LogLevel) => (message: string, fields?: Fields) => {
    const speaker = options.levelOf && speakerOf(fields);
    const lowest = (speaker === undefined ? undefined : options.levelOf?.(speaker)) ?? options.level;
    if (!isAtLeast(level, lowest)) return;
    options.write(`${options.json ? jsonLine(level, message, fields) : textLine(level, message, fields, options)}\n`);
  };
  return { debug: make('debug'), info: make('info'), warn: make('warn'), error: make('error') };
}

function jsonLine(level: LogLevel, message: string, fields: Fields = {}): string {
  const { time, level: _level, message: _message, ...others } = fields;
  return printableJson({ time: time ?? new Date().toISOString(), level, message, ...others });
}

function textLine(level: LogLevel, message: string, fields: Fields = {}, { paint, level: lowest }: LogOptions): string {
  const { plugin, reason, time: _time, ...others } = fields;
  const speaker = typeof plugin === 'string' ? ` [${printable(plugin)}]` : '';
  const text = indented(typeof reason === 'string' ? `${message}: ${reason}` : message);
  // Numbers and names for whoever looks for a fault; the sentence alone for everybody else.
  const details = lowest === 'debug' ? Object.entries(others).map(([name, value]) => ` ${printable(name)}=${printableValue(value)}`) : [];
  return `outrigger:${speaker} ${paint(TONES[level], PREFIXES[level] + text)}${paint('faint', details.join(''))}`;
}

/** A plugin’s last words or a report keep their lines, marked so that none can pass for a line of ours. */
function indented(text: string): string {
  return text.trimEnd().split(/\r?\n/).map(printable).join('\n  | ');
}
