/** The shell that all of this runs in. */
export const SHELL = '/bin/sh';
/** Starts the watcher in a session of its own, where no signal to the plugin's process group reaches it. */
export const SETSID = '/usr/bin/setsid';

/**
 * Arguments of a shell for a client whose work goes on elsewhere when it is killed. However the client ends, by itself, by SIGKILL to
 * its process group or with the host, `cleanup` is run, and only then does the shell's own exit come. `cleanup` is shell code that
 * sees `tool` and `name` as "$1" and "$2". Pure. The exit code is the client's; 137 when it was killed.
 */
export function reaped(tool: string, name: string, { cleanup, client }: { cleanup: string; client: readonly string[] }): string[] {
  // Descriptor 5 is held by the client's shell alone: its end-of-file is how the watcher learns of the end. 4 is the plugin's stdout.
  const script = `tool=$1 name=$2
shift 2
exec 4>&1
{
  exec 5>&1 1>&4 4>&-
  "$@" 5>&-
  echo $? >&5
} | {
  exec 4>&- >/dev/null 2>&1
  exec ${SETSID} ${SHELL} -c 'read -r code; ${cleanup}; exit "\${code:-137}"' ${SHELL} "$tool" "$name"
}`;
  return ['-c', script, SHELL, tool, name, ...client];
}

/** Shell code for probes: starts, then tries to start another process. */
export const FORK_TRIAL = 'echo started; ( : ); echo forked';

/** True when the trial ran and could not start another process. A shell that cannot fork ends there. Pure. */
export function holdsForks(stdout: string): boolean {
  return /^started$/m.test(stdout) && !/^forked$/m.test(stdout);
}
