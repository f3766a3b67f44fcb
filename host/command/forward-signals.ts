import { closeSync, openSync, readFileSync } from 'node:fs';

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
const FROM_KEYBOARD = ['SIGINT', 'SIGQUIT'] as const;

/** Until the result is called, signals meant for the command do not end this process but reach the command. */
export function forwardSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const fromKeyboard = (signal: NodeJS.Signals): void => {
    // The terminal has sent it to the command already: both are in its foreground group.
    if (!isInForeground()) send(signal);
  };
  for (const signal of FORWARDED) process.on(signal, send);
  for (const signal of FROM_KEYBOARD) process.on(signal, fromKeyboard);
  return () => {
    for (const signal of FORWARDED) process.off(signal, send);
    for (const signal of FROM_KEYBOARD) process.off(signal, fromKeyboard);
  };
}

/** True when Ctrl-C on the terminal reaches this process. */
function isInForeground(): boolean {
  if (process.platform !== 'linux') return hasTerminal();
  // pid (name) state ppid pgrp session tty tpgid: the name may hold anything, so count from its closing bracket.
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
