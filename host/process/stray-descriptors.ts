import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { isProgram } from './resolve-command.ts';

const CLOSE_ON_EXEC = 0o2000000;
const BASH = '/bin/bash';
// Only bash names descriptors above 9. It takes a socket on stdin, which Node's pipes are, for a remote login and would read start-up files.
const CLOSER = [BASH, '--norc', '--noprofile', '-p', '-c'] as const;
// Takes out of the environment what bash puts there. It counts SHLVL again when it becomes the command; no array ever gets there.
const CLEAN = 'unset _ SHLVL PWD OLDPWD; declare -a SHLVL';

/** Longer than the lines up to the flags. */
const INFO = Buffer.alloc(64);
let known: readonly number[] | undefined;

/**
 * Descriptors from `first` on that a child would inherit: Node marks its own, but not every one that it inherited itself
 * from a shell, a CI runner or a terminal multiplexer. Looked for once a turn of the loop, in which only Node opens any:
 * fifty plugins that start together would read through all pipes of the others each.
 */
export function strayDescriptors(first: number): number[] {
  // Elsewhere Node's spawn closes them.
  if (process.platform !== 'linux') return [];
  if (known === undefined) {
    known = inherited();
    setImmediate(() => {
      known = undefined;
    }).unref();
  }
  return known.filter((descriptor) => descriptor >= first);
}

function inherited(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor > 2 && isInherited(descriptor))
    .sort((one, other) => one - other);
}

function isInherited(descriptor: number): boolean {
  try {
    const file = openSync(`/proc/self/fdinfo/${descriptor}`, 'r');
    const size = readSync(file, INFO);
    closeSync(file);
    const [, flags] = /^flags:\s*(\d+)/m.exec(INFO.toString('latin1', 0, size)) ?? [];
    return flags === undefined || (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The one that listed the folder is closed by now.
    return false;
  }
}

/** The words that close them before they become the command; none for none. Throws when nothing here can close them. */
export function closingWords(descriptors: readonly number[]): string[] {
  if (descriptors.length === 0) return [];
  if (!isProgram(BASH)) {
    const list = descriptors.join(', ');
    throw new Error(`Cannot close the inherited descriptors ${list}: there is no "${BASH}"; install it, or start the host without them`);
  }
  const closing = descriptors.map((descriptor) => `exec ${descriptor}>&-`).join('; ');
  return [...CLOSER, `${closing}; ${CLEAN}; exec "$@"`, 'outrigger'];
}
