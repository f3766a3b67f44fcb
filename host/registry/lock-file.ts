import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Lock, LockedPlugin, Permissions } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { union } from '../sandbox/policy/permissions.ts';
import { formatProblem } from './load-config.ts';
import { loadDocument } from './load-document.ts';
import { replaceFile } from './replace-file.ts';
import type { Problem } from './types.ts';

export { LOCK_NAME, lockFileOf } from './find-config.ts';

/** What the operator accepted, out of all lock files in force. */
export interface Locks {
  /** By plugin; the strongest file that holds the name wins. */
  readonly entries: ReadonlyMap<string, { readonly locked: LockedPlugin; readonly file: string }>;
  /** Lock files that cannot be used. While there is one nobody knows what was accepted. */
  readonly problems: readonly Problem[];
}

/** Reads the lock files, the strongest first; one that is missing accepts nothing. Never throws. */
export async function loadLocks(files: readonly string[], cacheDir: string | undefined): Promise<Locks> {
  const entries = new Map<string, { locked: LockedPlugin; file: string }>();
  const problems: Problem[] = [];
  for (const file of new Set(files)) {
    const loaded = await loadLock(file, cacheDir);
    problems.push(...loaded.problems);
    for (const [name, locked] of Object.entries(loaded.lock.plugins)) if (!entries.has(name)) entries.set(name, { locked, file });
  }
  return { entries, problems };
}

/** Writes one plugin's entry; those of others stay. Throws CONFIG_INVALID when the file there is no lock file. */
export function writeLocked(file: string, name: string, locked: LockedPlugin): Promise<void> {
  return edit(file, (plugins) => plugins.set(name, locked));
}

/** Removes one plugin's entry; false when there is none. Throws CONFIG_INVALID when the file there is no lock file. */
export async function removeLocked(file: string, name: string): Promise<boolean> {
  let wasThere = false;
  await edit(file, (plugins) => {
    wasThere = plugins.delete(name);
    return wasThere;
  });
  return wasThere;
}

/** Adds to what an accepted plugin was granted; false when it has no entry. Throws CONFIG_INVALID when the file there is no lock file. */
export async function addGrant(file: string, name: string, permissions: Permissions): Promise<boolean> {
  let wasThere = false;
  await edit(file, (plugins) => {
    const locked = plugins.get(name);
    wasThere = locked !== undefined;
    return locked !== undefined && plugins.set(name, { ...locked, grant: union(locked.grant, permissions) });
  });
  return wasThere;
}

const NONE: Lock = { lockVersion: 1, plugins: {} };

async function loadLock(file: string, cacheDir: string | undefined): Promise<{ lock: Lock; problems: readonly Problem[] }> {
  const state = await lookAt(file);
  if (state === 'missing') return { lock: NONE, problems: [] };
  if (state !== 'usable') return { lock: NONE, problems: [{ severity: 'error', file, message: state.refusal }] };
  const { value, problems } = await loadDocument('lock', file, { cacheDir });
  return { lock: value ?? NONE, problems };
}

/** What a lock file accepts runs: whoever may write it must be somebody who may write the config beside it. */
async function lookAt(file: string): Promise<'missing' | 'usable' | { refusal: string }> {
  const link = await lstat(file).catch((error: NodeJS.ErrnoException) => error);
  if (link instanceof Error) return isMissing(link) ? 'missing' : { refusal: `Cannot read "${file}": ${link.code}` };
  const uid = process.getuid?.();
  if (uid === undefined) return 'usable';
  const target = await stat(file).catch(() => undefined);
  const mayWrite = new Set([0, uid, await ownerOfFolder(file)]);
  const stranger = [link, target].find((stats) => stats !== undefined && !mayWrite.has(stats.uid));
  if (stranger !== undefined) return { refusal: `Cannot use "${file}": it belongs to another user (uid ${stranger.uid}); remove it` };
  if ((target?.mode ?? 0) & 0o002) return { refusal: `Cannot use "${file}": everybody may write to it; run chmod o-w "${file}"` };
  return 'usable';
}

/** Of a folder in which nobody else may make files; a config named by hand may lie with another user. */
async function ownerOfFolder(file: string): Promise<number> {
  const { uid, mode } = await stat(dirname(file));
  return mode & 0o002 ? 0 : uid;
}

function isMissing({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

let last: Promise<unknown> = Promise.resolve();

/** One after another, so that no edit of this process loses that of another; `change` is false when there is nothing to write. */
function edit(file: string, change: (plugins: Map<string, LockedPlugin>) => unknown): Promise<void> {
  const done = last.then(async () => {
    const { lock, problems } = await loadLock(file, undefined);
    const [problem] = problems;
    if (problem) throw new HostError('CONFIG_INVALID', `Cannot change the lock file: ${formatProblem(problem)}`, { data: problems });
    const plugins = new Map(Object.entries(lock.plugins));
    if (change(plugins) === false) return;
    await replaceFile(file, textOf({ lockVersion: 1, plugins: Object.fromEntries(plugins) }));
  });
  last = done.catch(() => undefined);
  return done;
}

/** The same for the same content: keys in order, two spaces, a line end at the end. */
function textOf(lock: Lock): string {
  return `${JSON.stringify(sorted(lock), undefined, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
