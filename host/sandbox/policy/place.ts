import { lstatSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isWithin, realPath } from './real-path.ts';

/** A place that is not granted: neither it, nor what lies in it, nor what holds it. */
export interface Place {
  /** Absolute. */
  readonly path: string;
  /** What it is, for people: `keys and tokens`. */
  readonly what: string;
  /** What lies in one of these folders may be granted for reading though it holds this place, which is then shown empty. Left out: nothing may. */
  readonly maskIn?: readonly string[];
  /** A folder that the host itself may make at any time: a mask does not wait for it. */
  readonly isOurs?: true;
}

/** Paths by what they are, relative to a root. */
export type PlaceTable = Readonly<Record<string, readonly string[]>>;

/** The places of a table below each root, by name and by where each really is. */
export function placesIn(table: PlaceTable, roots: readonly string[]): Place[] {
  const realRoots = new Map(roots.map((root) => [root, reallyAt(root)]));
  const named = Object.entries(table).flatMap(([what, paths]) => paths.map((path) => ({ path, what })));
  return named.flatMap(({ path, what }) =>
    [...realRoots].flatMap(([root, realRoot]) => {
      const byName = join(root, path);
      const real = exists(byName) ? reallyAt(byName) : join(realRoot, path);
      return (real === byName ? [byName] : [byName, real]).map((each) => ({ path: each, what }));
    }),
  );
}

/** One place, by name and by where it really is. */
export function placeAt(path: string, what: string): Place[] {
  return [...new Set([resolve(path), reallyAt(path)])].map((each) => ({ path: each, what }));
}

/** The first place that a path is or lies in, else the first that it holds. */
export function placeOf(path: string, places: readonly Place[]): { place: Place; isHeld: boolean } | undefined {
  const around = places.find((each) => isWithin(path, each.path));
  if (around !== undefined) return { place: around, isHeld: false };
  const held = places.find((each) => isWithin(each.path, path));
  return held && { place: held, isHeld: true };
}

/** True when a folder may be granted for reading though it holds a place, for that can be shown empty. */
export function isMaskable({ path, maskIn = [] }: Place, folder: string): boolean {
  return path !== folder && isWithin(path, folder) && maskIn.some((root) => isWithin(folder, root));
}

/** True when something of this name lies directly in a folder; a link counts as itself. */
export function has(folder: string, name: string): boolean {
  return exists(join(folder, name));
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // EACCES, ELOOP: who cannot look must assume that it is there.
    return (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
  }
}

/** Where a path really leads; as it is written when it leads nowhere. */
export function reallyAt(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return reallyTo(path);
  }
}

/** The same for what does not exist: its folder may be reached through a link all the same. */
function reallyTo(path: string): string {
  try {
    return realPath(resolve(path)).real;
  } catch {
    return resolve(path);
  }
}
