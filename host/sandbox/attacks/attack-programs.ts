import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../../protocol/errors.ts';

export type Language = 'python' | 'javascript';

/** One attack, as its program describes it. */
export interface Attack {
  /** Stable; the part before the dot is its kind. The same attack has the same id in both languages. */
  readonly id: string;
  readonly language: Language;
  readonly category: string;
  /** What is meant to stop it. */
  readonly layer: string;
  /** One line for people. */
  readonly about: string;
  /** It takes so much that it runs only when asked for. */
  readonly bomb?: boolean;
  /** A limit may end it: its death is a denial. */
  readonly ends?: boolean;
  /** What the policy grants it beside its folders: other layers must hold then. */
  readonly grants?: { readonly run?: boolean; readonly ipc?: boolean; readonly net?: boolean };
}

/** What runs the attacks of one language. */
export interface Interpreter {
  readonly command: string;
  /** Words before the id of the attack; the program's path is relative to the folder of the attacks. */
  readonly args: readonly string[];
  readonly program: string;
}

/** Where the attack programs are: beside this file in the sources, in the package beside `dist`. Throws STORAGE_FAILED. */
export function attackFolder(): string {
  const candidates = ['./programs', '../../../sandbox/attacks/programs'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((folder) => existsSync(join(folder, 'attacks.py')));
  if (found === undefined)
    throw new HostError('STORAGE_FAILED', `Cannot find the attack programs: neither of ${candidates.join(', ')} exists`);
  return found;
}

/** The interpreter of a language on this machine; undefined when it is missing. */
export function findInterpreter(language: Language): Interpreter | undefined {
  if (language === 'javascript') return { command: process.execPath, args: [], program: 'attacks.mjs' };
  const command = ['/usr/bin/python3', '/usr/local/bin/python3', 'python3'].map(realPython).find((path) => path !== undefined);
  return command === undefined ? undefined : { command, args: ['-B'], program: 'attacks.py' };
}

/** Every attack of a language, in the order in which they run: those that take much at the end. Throws STORAGE_FAILED. */
export function listAttacks(language: Language, { command, args, program }: Interpreter): Attack[] {
  const { status, stdout, stderr } = spawnSync(command, [...args, join(attackFolder(), program), 'list'], { encoding: 'utf8', env: {} });
  if (status !== 0)
    throw new HostError('STORAGE_FAILED', `Cannot list the attacks of "${program}": ${stderr.trim() || `status ${status}`}`);
  const listed = (JSON.parse(stdout) as Omit<Attack, 'language'>[]).map((attack) => ({ ...attack, language }));
  return [...listed.filter(({ bomb }) => !bomb), ...listed.filter(({ bomb }) => bomb)];
}

/** The program itself: version managers put a script before it that would not run inside. */
function realPython(name: string): string | undefined {
  if (name.startsWith('/') && !existsSync(name)) return undefined;
  const { status, stdout } = spawnSync(name, ['-c', 'import os, sys; print(os.path.realpath(sys.executable))'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
