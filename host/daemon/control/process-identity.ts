import { readFile } from 'node:fs/promises';
import { launchCommand } from '../../process/launch.ts';

/**
 * What tells a process from a later one with the same number: when it started, and in which boot of the machine. Undefined when there
 * is no such process. Never rejects.
 */
export function processIdentity(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? fromProc(pid) : identityFromPs(pid);
}

/** Fields behind the name of the program in parentheses: the state is the first, the start time in clock ticks the twentieth. */
const STATE = 0;
const START_TIME = 19;

async function fromProc(pid: number): Promise<string | undefined> {
  try {
    const [text, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => ''),
    ]);
    // A program's name may hold parentheses and spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more.
    return fields[STATE] === 'Z' || fields[STATE] === 'X' ? undefined : `${boot.trim()} ${fields[START_TIME]}`;
  } catch {
    return undefined;
  }
}

/** The same on systems without /proc; the boot does not show there, but the day and time do. */
export async function identityFromPs(pid: number): Promise<string | undefined> {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const ps = launchCommand({
    command: 'ps',
    args: ['-o', 'lstart=', '-p', String(pid)],
    cwd: '/',
    env,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let text = '';
  ps.stderr?.resume();
  for await (const chunk of ps.stdout ?? []) text += String(chunk);
  return text.trim() || undefined;
}
