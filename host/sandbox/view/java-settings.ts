import { lstatSync } from 'node:fs';
import type { Mount } from '../types.ts';

/** Distributions keep the settings of a Java of theirs in /etc, and it does not start without them; only to read. */
export function javaSettings(program: string): Mount[] {
  const version = /^\/usr\/lib\/jvm\/java-(?:1\.)?(\d+)[.\d]*-openjdk[^/]*\//.exec(program)?.[1];
  if (version === undefined) return [];
  const folders = [`/etc/java-${version}-openjdk`, `/etc/java/java-${version}-openjdk`];
  const there = folders.filter((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true);
  return there.map((folder) => ({ source: folder, target: folder }));
}
