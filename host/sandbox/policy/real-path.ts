import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

/** As many as the kernel follows in one path. */
const MAX_LINKS = 40;

/** Where a path really leads. */
export interface RealPath {
  /** Absolute and without links; for a path that does not exist, its deepest existing folder plus the rest. */
  readonly real: string;
  /** What is there; undefined when nothing is. */
  readonly stats: Stats | undefined;
  /** The real places of all links on the way. Who may write there chooses where the path leads. */
  readonly links: readonly string[];
}

/** Follows an absolute path, link by link. Throws with the reason when it cannot be followed. */
export function realPath(path: string): RealPath {
  const links: string[] = [];
  let real = '/';
  let stats: Stats | undefined = lstatSync(real);
  const ahead = partsOf(path);
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const at = name === '..' ? dirname(real) : join(real, name);
    stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return { real: withoutSteps(at, ahead), stats, links };
    if (!stats.isSymbolicLink()) {
      real = at;
      continue;
    }
    if (links.push(at) > MAX_LINKS) throw new Error(`more than ${MAX_LINKS} links on the way`);
    const text = readlinkSync(at);
    if (text.startsWith('/')) real = '/';
    ahead.unshift(...partsOf(text));
  }
  return { real, stats: lstatSync(real, { throwIfNoEntry: false }), links };
}

/** True when `path` is `folder` or lies below it. Both absolute and normalised. */
export function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [fold(path), fold(folder)];
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

// What does not exist cannot be stepped out of: the kernel refuses, and a lexical answer could name what was never looked at.
function withoutSteps(at: string, rest: readonly string[]): string {
  if (rest.includes('..')) throw new Error(`"${at}" does not exist, and the path steps out of it again`);
  return join(at, ...rest);
}

// File systems of macOS and Windows take `.SSH` for `.ssh`.
function fold(path: string): string {
  return process.platform === 'linux' ? path : path.toLowerCase();
}
