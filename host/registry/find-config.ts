import { lstat, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Problem } from './types.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PROJECT_NAMES = ['outrigger.yaml', 'outrigger.yml', 'outrigger.json'];
const USER_NAMES = ['config.yaml', 'config.yml', 'config.json'];

export const LOCK_NAME = 'outrigger.lock.json';

/** The lock file beside a config file. */
export function lockFileOf(configFile: string): string {
  return join(dirname(configFile), LOCK_NAME);
}

export interface FoundConfigs {
  /** Absolute paths, the strongest first. */
  readonly files: readonly string[];
  /** A config that may not be used, because somebody else could have written it. */
  readonly problems: readonly Problem[];
  /** The one that was merely walked into: found upward, not named by anybody. */
  readonly upward: string | undefined;
  /** Usable configs further up, which are not in force: hosts that were started there may have granted what lies below. */
  readonly above: readonly string[];
}

export interface FindConfigOptions {
  /** A file named on the command line. */
  readonly explicit?: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
}

/** `--config` or OUTRIGGER_CONFIG, else the nearest project file at or above `cwd`; below it the user's own file. */
export async function findConfig({ explicit, cwd, env }: FindConfigOptions): Promise<FoundConfigs> {
  const named = explicit ?? (env['OUTRIGGER_CONFIG'] || undefined);
  const [project, ...further] = named === undefined ? await findUpward(cwd) : [resolve(cwd, named)];
  const user = await findUser(env);
  const upward = named === undefined && project !== user ? project : undefined;
  const files = [...new Set([project, user])].filter((file) => file !== undefined);
  const above = upward === undefined ? [] : await usable(further);
  // One that was named is what somebody wants.
  const found = files.filter((file) => named === undefined || file !== project);
  return { files, upward, above, problems: (await Promise.all(found.map(problemWith))).flat() };
}

async function problemWith(file: string): Promise<Problem[]> {
  const message = await refusalOf(file);
  return message === undefined ? [] : [{ severity: 'error', file, message }];
}

/** The nearest first. */
async function findUpward(start: string): Promise<string[]> {
  const found: string[] = [];
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const file = await firstFile(folder, PROJECT_NAMES);
    if (file !== undefined) found.push(file);
    if (folder === dirname(folder)) return found;
  }
}

/** What a stranger put there grants nothing. */
async function usable(files: readonly string[]): Promise<string[]> {
  const refusals = await Promise.all(files.map((file) => refusalOf(file).catch(() => 'it is gone')));
  return files.filter((_, index) => refusals[index] === undefined);
}

async function findUser(env: Environment): Promise<string | undefined> {
  const base = env['XDG_CONFIG_HOME'] || (env['HOME'] && join(env['HOME'], '.config'));
  return base ? firstFile(join(base, 'outrigger'), USER_NAMES) : undefined;
}

async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const stats = await stat(join(folder, name)).catch(() => undefined);
    if (stats?.isFile()) return join(folder, name);
  }
  return undefined;
}

/** A config starts programs, so one that was merely found must not be writable by others. */
async function refusalOf(file: string): Promise<string | undefined> {
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  const folder = dirname(file);
  // Both the link and what it leads to: either lets its owner choose the content.
  const entries = [await lstat(file), await stat(file)];
  const around = await stat(folder);
  const fix = `; if you trust it, name it with --config "${file}"`;
  const stranger = [...entries, around].find((stats) => stats.uid !== uid && stats.uid !== 0);
  if (stranger !== undefined) {
    const what = stranger === around ? `its folder "${folder}"` : 'the file';
    return `Cannot use "${file}": ${what} belongs to another user (uid ${stranger.uid})${fix}`;
  }
  if ((entries[1]?.mode ?? 0) & 0o002) return `Cannot use "${file}": everybody may write to it; run chmod o-w "${file}"`;
  const isSticky = (around.mode & 0o1000) !== 0;
  const isOwn = entries.every((stats) => stats.uid === uid);
  if (around.mode & 0o002 && !(isSticky && isOwn)) {
    return `Cannot use "${file}": everybody may write to its folder; run chmod o-w "${folder}"`;
  }
  return undefined;
}
