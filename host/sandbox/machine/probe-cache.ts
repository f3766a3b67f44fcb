import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import type { Guarantee, Probe } from '../types.ts';
import { isPrivateFolder } from './private-folder.ts';

type Success = Extract<Probe, { readonly ok: true }>;

/** What is probed, and all that its result depends on besides the machine. */
export interface Probed {
  /** Driver, with the settings that its probe depends on. */
  readonly name: string;
  /** Absolute path of the program behind it. */
  readonly program: string;
  probe(): Promise<Probe>;
}

const GUARANTEES: Record<Guarantee, true> = {
  fs: true,
  net: true,
  netAllow: true,
  pids: true,
  memory: true,
  cpu: true,
  signals: true,
  fork: true,
  masks: true,
};
const FILE = 'sandbox-probe.json';
const MAX_BYTES = 64 * 1024;
/** Switches of the kernel that decide whether namespaces can be made; they change without a reboot. */
const SWITCHES = [
  '/proc/sys/kernel/random/boot_id',
  '/proc/sys/kernel/unprivileged_userns_clone',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
  '/proc/sys/user/max_user_namespaces',
];

const known = new Map<string, Promise<Probe>>();

/**
 * A probe's result: of this process, else from disk, else by probing. Successes are kept on disk until the next boot, the next
 * change of the program, or our next version; failures only in this process.
 */
export async function probeOnce(probed: Probed, cacheDir: string | undefined): Promise<Probe> {
  const key = await keyOf(probed);
  const slot = `${cacheDir ?? ''}\0${probed.name}\0${key}`;
  const running = known.get(slot) ?? probeAndKeep(probed, key, cacheDir);
  known.set(slot, running);
  return running;
}

/** Forgets what this process knows; for tests. */
export function forgetProbes(): void {
  known.clear();
}

async function probeAndKeep(probed: Probed, key: string, cacheDir: string | undefined): Promise<Probe> {
  const file = cacheDir === undefined ? undefined : join(cacheDir, FILE);
  const kept = file === undefined ? undefined : (await readEntries(file))[probed.name];
  if (kept?.key === key) return kept.probe;
  const probe = await probed.probe();
  if (probe.ok && file !== undefined && cacheDir !== undefined) await keep(file, cacheDir, { name: probed.name, key, probe });
  return probe;
}

async function keyOf({ name, program }: Probed): Promise<string> {
  const [stats, ...switches] = await Promise.all([lstat(program).catch(() => undefined), ...SWITCHES.map(readSwitch)]);
  return JSON.stringify([
    name,
    program,
    stats && fingerprint(stats),
    process.getuid?.(),
    release(),
    process.arch,
    switches,
    // What an earlier version of us did not ask for, its result does not promise.
    Object.keys(GUARANTEES),
    await ourselves(),
  ]);
}

// The change time tells of a new owner or mode; the times of a program installed anew may be the package's.
function fingerprint({ dev, ino, size, mode, uid, mtimeMs, ctimeMs }: Stats): number[] {
  return [dev, ino, size, mode, uid, mtimeMs, ctimeMs];
}

function readSwitch(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Our version, from the package.json that lies higher when we run built. */
async function ourselves(): Promise<string> {
  const found = ['../../package.json', '../../../package.json'].map((path) =>
    readFile(new URL(path, import.meta.url), 'utf8').catch(() => undefined),
  );
  const text = (await Promise.all(found)).find((each) => each !== undefined);
  return `${import.meta.url} ${text === undefined ? '' : (JSON.parse(text) as { version?: string }).version}`;
}

interface Entry {
  readonly key: string;
  readonly probe: Success;
}

/** Anything but a file of ours, whole and well-formed, where nobody else could have put it, is as if there were none. */
async function readEntries(file: string): Promise<Partial<Record<string, Entry>>> {
  const entries = Object.create(null) as Record<string, Entry>;
  try {
    if (!isPrivateFolder(dirname(file))) return entries;
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      const isOurs = stats.isFile() && stats.size <= MAX_BYTES && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0;
      const found: unknown = isOurs ? JSON.parse(await handle.readFile('utf8')) : undefined;
      for (const [name, value] of Object.entries(found ?? {})) {
        const entry = entryOf(value);
        if (entry !== undefined) entries[name] = entry;
      }
    } finally {
      await handle.close();
    }
  } catch {
    // Missing, a link, or not JSON: probing anew costs milliseconds and writes the file again.
  }
  return entries;
}

function entryOf(value: unknown): Entry | undefined {
  const { key, version, enforces, notes } = (value ?? {}) as Record<string, unknown>;
  if (typeof key !== 'string' || typeof version !== 'string' || !isTexts(enforces) || !isTexts(notes)) return undefined;
  const guarantees = enforces.filter((each): each is Guarantee => Object.hasOwn(GUARANTEES, each));
  if (guarantees.length !== enforces.length) return undefined;
  return { key, probe: { ok: true, version, enforces: new Set(guarantees), notes } };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** A cache that cannot be written only costs time, so nothing is reported. */
async function keep(file: string, cacheDir: string, { name, key, probe }: Entry & { readonly name: string }): Promise<void> {
  const before = Object.entries(await readEntries(file)).map(([each, entry]) => [each, entry && asJson(entry)]);
  const temporary = `${file}.${randomUUID()}`;
  try {
    await mkdir(cacheDir, { recursive: true, mode: 0o700 });
    await writeFile(temporary, JSON.stringify({ ...Object.fromEntries(before), [name]: asJson({ key, probe }) }), {
      mode: 0o600,
      flag: 'wx',
    });
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function asJson({ key, probe: { version, enforces, notes } }: Entry): object {
  return { key, version, enforces: [...enforces], notes };
}
