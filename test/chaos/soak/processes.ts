import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process; the number alone may be another one's later. */
export interface Known {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/** Processes with this word in their environment or working directory, whoever their parent is. Zombies have ended. */
export function marked(mark: string): Known[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark) && !readlinkSync(`/proc/${pid}/cwd`).includes(mark)) return [];
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The name of the program, in brackets, may hold anything.
      const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      return state === 'Z' || state === 'X' ? [] : [{ pid, startedAt: rest[18] ?? '', command }];
    } catch {
      // It has ended meanwhile, or belongs to somebody else.
      return [];
    }
  });
}

/** Those of them that are still there. */
export function alive(known: readonly Known[], mark: string): Known[] {
  const now = new Set(marked(mark).map(keyOf));
  return known.filter((one) => now.has(keyOf(one)));
}

function keyOf({ pid, startedAt }: Known): string {
  return `${pid} ${startedAt}`;
}
