import { homedir } from 'node:os';
import { posix } from 'node:path';

export type Command = { readonly program: string; readonly args: readonly string[]; readonly cwd: string };
const WRAPS = /^((ba|da|z|k|a)?sh|sudo|doas|su|env|(io)?nice|nohup|time(out)?|xargs|exec|eval|busybox|then|do|else|if|while|!|\w+=.*)$/s;
const SYSTEM = /^\/((bin|boot|etc|lib\d*|proc|sbin|sys)(\/.*)?|(dev|usr|var|System|Library)(\/[^/]+)?|home|root|Users|opt|srv|run)?$/s;
const TOKEN = /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)|(\$\(|[;&|\n(){}`])|(\s+)|([^"'\\;&|\n(){}`\s$]+|\$\{\w+\}|.)/gs;

/** Every command that would run: this one, and those that wrappers, shells and substitutions start. */
export function unwrap(words: readonly string[], cwd: string, depth = 0): Command[] {
  // Which options of a wrapper take a value differs too much to know: any of the first words may be a program or a script.
  const starts = WRAPS.test(posix.basename(words[0] ?? '')) ? words.slice(0, 20).map((_, i) => words.slice(i)) : [words];
  return starts.flatMap(([first = '', ...args]) => {
    const script = /[\s;&|(`]/.test(first) && depth < 4 ? first.replace(/^-S|^--split-string=/, '') : '';
    let folder = cwd;
    const inside = commandsIn(script).flatMap((command) => {
      if (command[0] === 'cd') folder = resolve(command[1] ?? '~', folder);
      return unwrap(command, folder, depth + 1);
    });
    return [{ program: posix.basename(first), args, cwd }, ...inside];
  });
}

/** True for a system or home folder; what a last `*` stands for counts as its folder. */
export function isSystem(target: string, cwd: string): boolean {
  const path = resolve(target, cwd);
  return SYSTEM.test(path) || path === homedir();
}

function resolve(path: string, cwd: string): string {
  return posix.resolve(cwd, path.replace(/^(~(\w+(?=\/|$))?|\$HOME\b|\$\{HOME\})/, homedir())).replace(/\/[*.?]*$/, '') || '/';
}

/** The simple commands of a shell script, as words without their quotes. */
function commandsIn(script: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  for (const [, double, single, escaped, separator, , plain] of `${script}\n`.matchAll(TOKEN)) {
    const text = double ?? single ?? escaped ?? plain;
    if (text === undefined && word !== undefined) commands.at(-1)?.push(word);
    word = text === undefined ? undefined : (word ?? '') + text;
    if (separator !== undefined) commands.push([]);
    if (double?.match(/\$\(|`/)) commands.unshift(...commandsIn(double));
  }
  return commands.filter((words) => words.length > 0);
}
