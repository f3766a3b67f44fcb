import { isWithin } from './real-path.ts';

/** Places of the sandbox itself: nothing is mounted at, below or over them. `/node_modules` holds what plugins import of Outrigger. */
const OWN = ['/plugin', '/data', '/cache', '/home/plugin', '/node_modules', '/proc', '/sys', '/dev', '/run', '/etc'];
/** The host's own system folders, seen read-only at the same path. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** Made up by the sandbox. */
const MADE_UP = ['/etc/passwd', '/etc/group', '/etc/hosts', '/etc/nsswitch.conf'];
/** Bound by the sandbox from the host. */
const SHOWN = [
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/alternatives',
  '/etc/ssl',
  '/etc/ca-certificates',
  '/etc/localtime',
  '/etc/mime.types',
];

export interface TargetQuestion {
  /** Absolute and normalised. */
  readonly target: string;
  /** Where it really is. */
  readonly source: string;
  readonly write: boolean;
}

/**
 * Why nothing may be mounted at a place inside the sandbox, as a clause; undefined when it may. Pure.
 *
 * A mount point must not lie below what a plugin can write and what outlives it: a link left there by one start would steer
 * the mount of the next (CVE-2026-87766). `/tmp` inside is a tmpfs made anew for each start, before the mounts and before
 * the plugin, so nothing left by a plugin can be in it: below `/tmp` mounts are safe. `/usr` and the like are the host's own
 * and read-only; there a path must be free of links, for a link would lead the mount elsewhere. `/etc` is made by the sandbox.
 */
export function whyNoTarget({ target, source, write }: TargetQuestion): string | undefined {
  if (target === '/tmp') return 'the sandbox has its own /tmp; grant a folder below it';
  const covered = [...OWN, ...SYSTEM, '/tmp'].find((place) => place !== target && isWithin(place, target));
  if (covered !== undefined) return `it would cover the sandbox’s own ${covered}; grant a folder that does not hold it`;
  const system = SYSTEM.find((place) => isWithin(target, place));
  if (system !== undefined) return whyNotInSystem({ target, source, write }, system);
  const own = OWN.find((place) => isWithin(target, place));
  if (own !== '/etc') return own && `${own} is the sandbox’s own; grant it by another path`;
  if (write || target === '/etc') return 'only single files and folders of /etc are granted, and only to read';
  const shown = [...MADE_UP, ...SHOWN].find((place) => isWithin(target, place) || isWithin(place, target));
  return shown && `the sandbox has its own ${shown}; leave it out`;
}

function whyNotInSystem({ target, source, write }: TargetQuestion, system: string): string | undefined {
  if (write) return `${system} is never written`;
  return source === target ? undefined : `${system} is seen read-only as it is, and a link leads to "${source}"; grant that`;
}
