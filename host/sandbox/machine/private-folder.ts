import { lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

const STICKY = 0o1000;

/**
 * Whether nobody but this user and root can change what lies in a folder, or put another folder in its place. That it is ours would not
 * do: the link of somebody else can lead to a copy that we have of what they wrote. Throws what `lstat` throws.
 */
export function isPrivateFolder(folder: string): boolean {
  const uid = process.getuid?.();
  if (uid === undefined) return true;
  const stats = lstatSync(folder);
  return stats.isDirectory() && stats.uid === uid && (stats.mode & 0o022) === 0 && isSafeWay(folder, uid);
}

function isSafeWay(path: string, uid: number): boolean {
  const stats = lstatSync(path);
  if (stats.uid !== uid && stats.uid !== 0) return false;
  if (stats.isSymbolicLink() && !isSafeWay(realpathSync(path), uid)) return false;
  // A group with its owner's number is the owner's alone: where every user has one, `umask` lets it write.
  const others = stats.gid === stats.uid ? 0o002 : 0o022;
  const isOpen = stats.isDirectory() && (stats.mode & others) !== 0 && (stats.mode & STICKY) === 0;
  const above = dirname(path);
  return !isOpen && (above === path || isSafeWay(above, uid));
}
