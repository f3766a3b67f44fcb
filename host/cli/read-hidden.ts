import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { writeAll } from './write-all.ts';

const INTERRUPT = '\u0003';
/** What ends the line, and what ends the asking. */
const ENDS: readonly string[] = ['\r', '\n', INTERRUPT, '\u0004'];

/** One line from the terminal that is not shown as it is typed; undefined after Ctrl-C. */
export async function readHidden(prompt: string): Promise<string | undefined> {
  // The terminal itself: stdin may be shared with others who read it.
  const terminal = new ReadStream(openSync('/dev/tty', 'r'));
  writeAll(2, prompt);
  terminal.setRawMode(true);
  try {
    return await lineFrom(terminal);
  } finally {
    terminal.setRawMode(false);
    terminal.destroy();
    writeAll(2, '\n');
  }
}

/** One line from the terminal, shown as it is typed; undefined when the signal is aborted or the terminal is gone. */
export async function readLine(prompt: string, signal: AbortSignal): Promise<string | undefined> {
  const fd = openSync('/dev/tty', 'r');
  const terminal = new ReadStream(fd);
  terminal.setEncoding('utf8');
  writeAll(2, prompt);
  return new Promise((resolve) => {
    const done = (line?: string): void => {
      signal.removeEventListener('abort', giveUp);
      terminal.destroy();
      resolve(line);
    };
    const giveUp = (): void => {
      writeAll(2, '\n');
      done();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    let typed = '';
    terminal.on('data', (text: Buffer | string) => {
      typed += String(text);
      // On a terminal that some program left in raw mode a single key is no answer.
      const [line, rest] = typed.split(/[\r\n]/, 2);
      if (rest !== undefined) done(line);
    });
    terminal.on('end', () => done());
    terminal.on('error', () => done());
    if (signal.aborted) giveUp();
  });
}

/** Forgets lines that were typed before anything was asked. */
export function dropTypedAhead(): void {
  const fd = openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(4096);
    while (readSync(fd, bytes) > 0);
  } catch {
    // EAGAIN: there is nothing more.
  } finally {
    closeSync(fd);
  }
}

/** True when this process has a terminal to ask at. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

function lineFrom(terminal: ReadStream): Promise<string | undefined> {
  let line = '';
  terminal.setEncoding('utf8');
  return new Promise((resolve) => {
    terminal.on('data', (text: Buffer | string) => {
      const keys = [...String(text)];
      const end = keys.findIndex((key) => ENDS.includes(key));
      line = (end < 0 ? keys : keys.slice(0, end)).reduce(type, line);
      if (end >= 0) resolve(keys[end] === INTERRUPT ? undefined : line);
    });
    terminal.once('end', () => resolve(undefined));
    terminal.once('error', () => resolve(undefined));
  });
}

/** The line after one more key; backspace and delete take one back. */
function type(line: string, key: string): string {
  return key === '\u007f' || key === '\b' ? [...line].slice(0, -1).join('') : line + key;
}
