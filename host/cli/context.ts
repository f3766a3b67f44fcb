import { isatty, WriteStream } from 'node:tty';
import type { Logger } from '../protocol/types.ts';
import type { GlobalOptions } from './global-options.ts';
import { makeLog } from './log.ts';
import { makePaint, type Paint } from './print/paint.ts';
import { printableJson } from './print/printable.ts';
import { writeAll } from './write-all.ts';

/** What a command of ours knows of the world around it. */
export interface CliContext {
  readonly options: GlobalOptions;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  /** Whose the keyboard is: while a command of the application runs, nobody here may read what is typed. */
  readonly terminal: { isTaken: boolean };
  /** For stdout. */
  readonly paint: Paint;
  /** Width of the terminal; undefined when stdout is none. */
  readonly columns: number | undefined;
  /** The answer, on stdout: the document with --json, else the text. */
  answer(document: unknown, text: () => string): void;
  /** Raw text on stdout or stderr. */
  write(fd: 1 | 2, text: string): void;
}

/** The world as this process sees it. */
export function makeContext(options: GlobalOptions): CliContext {
  const { env } = process;
  const level = options.verbose ? 'debug' : options.quiet ? 'error' : 'warn';
  const write = (text: string): void => writeAll(2, text);
  return {
    options,
    cwd: process.cwd(),
    terminal: { isTaken: false },
    env,
    log: makeLog({ level, json: options.json, paint: makePaint(isatty(2), env), write }),
    paint: makePaint(isatty(1), env),
    get columns() {
      return terminalWidth();
    },
    answer: (document, text) => writeAll(1, options.json ? `${printableJson(document, 2)}\n` : lineEnded(text())),
    write: writeAll,
  };
}

function terminalWidth(): number | undefined {
  if (!isatty(1)) return undefined;
  // A tty has its own file description, so this does no harm to others who write there.
  const { columns } = new WriteStream(1);
  return columns || undefined;
}

function lineEnded(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
