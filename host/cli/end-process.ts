import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

// Those a shell and its users act upon. Dying of another one would leave a core dump of the wrong program.
const REPEATED = new Set<NodeJS.Signals>(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGKILL', 'SIGPIPE', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM']);

/** Ends this process with an exit code, and leaves a terminal as the command set it: Node would set it back. */
export function endWithCode(code: number): never {
  for (const fd of [0, 1, 2]) if (isatty(fd)) closeSync(fd);
  process.exit(code);
}

/** Ends this process as a command ended that died of a signal: of the same one, else with 128 + n. */
export function endBySignal(signal: NodeJS.Signals): never {
  if (REPEATED.has(signal) && process.platform !== 'win32') {
    // Node ignores SIGPIPE and keeps SIGUSR1 for itself: a listener that goes away leaves the system's own action.
    if (signal !== 'SIGKILL') process.on(signal, nothing).removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  endWithCode(128 + constants.signals[signal]);
}

function nothing(): void {}
