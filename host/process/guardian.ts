import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

// End-of-file on stdin means that the host is gone, however it went: then every group still on the list is killed.
const SCRIPT = `trap '' INT TERM HUP
groups=' '
while read -r line; do
  group=\${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

const guarded = new Set<number>();
/** What takes groups off the list and was not told yet. */
let released = '';
let guardian: ChildProcess | undefined;

/** From now on the process group dies with the host, even when the host is killed with SIGKILL. */
export function guard(group: number): void {
  guarded.add(group);
  if (process.platform === 'win32') return;
  if (guardian === undefined) {
    guardian = start();
    for (const each of guarded) tell(`+${each}\n`);
  } else {
    tell(`+${group}\n`);
  }
}

/** The process group is gone; its number may be used again by anyone. In force a turn later. */
export function unguard(group: number): void {
  if (!guarded.delete(group)) return;
  // Not at once: it wakes another process, and whoever waits for the exit would wait for that too.
  if (released === '') setImmediate(() => tell(''));
  released += `-${group}\n`;
}

/** Process id of the guardian; undefined when no plugin was ever started. */
export function guardianPid(): number | undefined {
  return guardian?.pid;
}

function start(): ChildProcess {
  // Its own session: signals from the terminal must not reach it. Started by name from a fixed path, with no environment.
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'outrigger-guardian'], {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const forget = (): void => {
    if (guardian === child) guardian = undefined;
  };
  child.once('error', forget);
  child.once('exit', forget);
  child.stdin?.on('error', forget);
  child.unref();
  (child.stdin as Socket).unref();
  return child;
}

function tell(line: string): void {
  const lines = released + line;
  released = '';
  if (lines !== '') guardian?.stdin?.write(lines);
}
