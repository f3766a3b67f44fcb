import { lstatSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Mask } from '../types.ts';
import { maskedIn } from './forbidden.ts';
import { type PathGrant, refusalOf } from './grants.ts';
import type { Place } from './place.ts';
import { isWithin, realPath } from './real-path.ts';

/**
 * What of the folders granted for reading is shown empty, the outermost only. Our own folders always; others as it is now: what comes
 * to be there later, or is replaced while the plugin runs, is not masked before its next start.
 */
export function masksOf(
  grants: readonly PathGrant[],
  forbidden: readonly Place[],
): { readonly masks: readonly Mask[]; readonly refusals: readonly string[] } {
  const masks: Mask[] = [];
  const refusals: string[] = [];
  for (const grant of grants.filter(({ write }) => !write)) {
    // Outer ones first.
    const places = maskedIn(grant.source, forbidden).sort((a, b) => a.path.length - b.path.length);
    for (const place of places) {
      const target = join(grant.target, relative(grant.source, place.path));
      if (masks.some((outer) => isWithin(target, outer.target))) continue;
      const found = maskOf(place, target);
      if (found === undefined) continue;
      if ('why' in found) refusals.push(refusalOf(grant.text, false, `it holds "${place.path}", which cannot be looked at: ${found.why}`));
      else masks.push(found);
    }
  }
  return { masks, refusals };
}

/** Undefined where there is nothing to mask: nothing at all, or a link, whose real place is among the others. */
function maskOf({ path, isOurs }: Pick<Place, 'path' | 'isOurs'>, target: string): Mask | { readonly why: string } | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() || realPath(path).real !== path) return undefined;
    if (isOurs) return { target, kind: stats?.isFile() ? 'file' : 'folder', make: path };
    return stats && { target, kind: stats.isDirectory() ? 'folder' : 'file' };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? undefined : { why: (error as Error).message };
  }
}
