import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isProgram } from '../process/resolve-command.ts';
import { HostError } from '../protocol/errors.ts';
import { isWithin } from './policy/real-path.ts';
import type { Mount } from './types.ts';

const SETPRIV = '/usr/bin/setpriv';
const PERL = '/usr/bin/perl';
const FIRST_UID = 1_870_000_000;
const UIDS = 16_777_216;
/** Where the staged mounts are; a folder of every Linux. */
const STAGE = '/mnt';
/** A tree with more entries is staged without looking further. */
const MAX_LOOKED_AT = 200;

/** A mount that the sandbox's own user has to be able to make. */
export interface SandboxMount extends Mount {
  readonly mode: 'ro' | 'rw';
}

export interface Staging {
  /** The same mounts, with those that the user cannot use from where they are staged. */
  readonly mounts: readonly SandboxMount[];
  /** What `stage.pl` reads; undefined when nothing is staged. */
  readonly feed: Uint8Array | undefined;
}

/** User id of a plugin on a host that is root: its own, the same at every start. Pure. */
export function uidOf(plugin: string): number {
  return FIRST_UID + (createHash('sha256').update(plugin).digest().readUInt32BE(0) % UIDS);
}

/** Decides which mounts the user could not make or use by itself. Reads mode bits, a bounded number of them. */
export function stage(mounts: readonly SandboxMount[], uid: number): Staging {
  const words: string[] = [];
  const staged = mounts.map((mount) => {
    if (isUsable(mount, uid)) return mount;
    const source = `${STAGE}/${words.length / 2}`;
    words.push(mount.source, mount.mode);
    return { ...mount, source };
  });
  return { mounts: staged, feed: words.length === 0 ? undefined : Buffer.from([uid, ...words, ''].join('\0')) };
}

/**
 * The words that stage the mounts read from `descriptor`, if any, give up root for ever and then become the command. Throws PLUGIN_REFUSED
 * when perl is needed and missing.
 */
export function rootWords(uid: number, plugin: string, descriptor: number | undefined): string[] {
  if (descriptor === undefined) return [SETPRIV, `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs', '--'];
  if (!isProgram(PERL)) {
    throw new HostError(
      'PLUGIN_REFUSED',
      `Cannot confine plugin "${plugin}": the host is root, and preparing its folders for an ordinary user needs "${PERL}"; install perl, or run the host as an ordinary user`,
    );
  }
  return [PERL, stageScript(), String(descriptor)];
}

// Beside the sources, also where the host runs from its compiled form.
function stageScript(): string {
  const places = ['./stage.pl', '../../sandbox/stage.pl'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find((path) => existsSync(path)) ?? (places[0] as string);
}

function isUsable({ source, mode }: SandboxMount, uid: number): boolean {
  if (isWithin(source, STAGE)) return false;
  const owner = statSync(source, { throwIfNoEntry: false });
  // What is not there fails in the sandbox, by name.
  if (owner === undefined) return true;
  if (mode === 'rw' && owner.uid !== uid) return false;
  for (let folder = dirname(source); ; folder = dirname(folder)) {
    if (!may(folder, uid, 1)) return false;
    if (folder === '/') break;
  }
  return isReadable(source, uid, { left: MAX_LOOKED_AT });
}

function isReadable(path: string, uid: number, budget: { left: number }): boolean {
  const stats = lstatSync(path);
  if (--budget.left < 0) return false;
  if (stats.isSymbolicLink()) return true;
  if (!may(path, uid, stats.isDirectory() ? 5 : 4)) return false;
  return !stats.isDirectory() || readdirSync(path).every((name) => isReadable(join(path, name), uid, budget));
}

function may(path: string, uid: number, bits: number): boolean {
  const { mode, uid: owner } = statSync(path);
  const granted = owner === uid ? mode >> 6 : mode;
  return (granted & bits) === bits;
}
