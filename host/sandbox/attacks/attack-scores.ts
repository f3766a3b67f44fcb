import type { DriverName, Guarantee } from '../types.ts';
import type { GroundFacts } from './attack-host.ts';
import type { Layer } from './attack-layers.ts';
import type { AttackResult } from './attack-verdict.ts';

/** An attack that is known to get through, and what that means for people. */
export interface KnownGap {
  readonly id: string;
  readonly means: string;
  /** Only in this language; left out: in both. */
  readonly language?: AttackResult['language'];
  /** Only where the kernel limits nothing; left out: always. */
  readonly onlySoft?: true;
}

const SOFT: readonly KnownGap[] = [
  ...['res.memory', 'res.memory-shared', 'res.memory-memfd', 'res.memory-processes', 'res.memory-wasm'].map((id) => ({
    id,
    means: 'memory is watched and not limited by the kernel here: a plugin may have more for a moment',
    onlySoft: true as const,
  })),
  { id: 'res.cpu', means: 'processors are not shared out by the kernel here', onlySoft: true },
];

const MOUNT_PATHS: KnownGap = {
  id: 'env.mount-paths',
  language: 'python',
  means: 'the list of mounts names the folders of the host behind /plugin and /data, though nothing in them can be reached',
};

const INODES: KnownGap = {
  id: 'res.inodes-tmp',
  language: 'python',
  means: 'many empty files in the private temporary folder cost memory of the kernel; only the memory limit ends that',
};
const COMMON = [MOUNT_PATHS, INODES, ...SOFT];

/** What gets through each driver; one more is a failure. */
const KNOWN: Readonly<Record<DriverName, readonly KnownGap[]>> = {
  bubblewrap: COMMON,
  container: COMMON,
  gvisor: COMMON,
  landlock: COMMON,
  seatbelt: COMMON,
};

/** Attacks that a driver which promises something must deny, whatever else gets through. */
const SENTINELS: Readonly<Partial<Record<Guarantee, readonly string[]>>> = {
  fs: ['fs.read-private-key', 'fs.read-outside', 'fs.create-outside', 'fs.append-outside', 'fs.write-own-code', 'keep.host-config'],
  net: [
    'net.loopback',
    'net.lan',
    'net.udp',
    'net.fetch',
    'net.abstract-unix',
    'net.loopback-granted',
    'net.proxy-loopback',
    'net.proxy-name',
  ],
  signals: ['proc.kill-victim', 'proc.signal-host'],
  fork: ['proc.fork', 'proc.spawn', 'proc.vfork', 'proc.clone3'],
};
/** Denied by every way to start a plugin. */
const ALWAYS: readonly string[] = ['env.own', 'env.own-proc', 'env.pid1-environ', 'fd.inherited', 'fd.stray', 'fd.stray-net'];

/** The gap that an attack is known to use under this driver. Pure. */
export function knownGap({ id, language }: AttackResult, { driver, limits }: GroundFacts): KnownGap | undefined {
  if (driver === 'none') return undefined;
  const fits = (gap: KnownGap): boolean => gap.id === id && (gap.language ?? language) === language;
  return KNOWN[driver].find((gap) => fits(gap) && (gap.onlySoft !== true || limits !== 'hard'));
}

/** Why a run did not pass, one clause each; none: it passed. Without a sandbox there is nothing to pass. Pure. */
export function failuresOf(ground: GroundFacts, results: readonly AttackResult[]): string[] {
  const silent = results
    .filter(({ verdict }) => verdict === 'NO ANSWER')
    .map((result) => `${nameOf(result)} gave no answer: ${result.detail}`);
  const layers = ground.layers.filter(isMissing).map(({ name }) => `the layer "${name}" was promised and is not engaged`);
  if (ground.driver === 'none') return [...layers, ...silent];
  const sentinels = new Set([...ALWAYS, ...ground.enforces.flatMap((guarantee) => SENTINELS[guarantee] ?? [])]);
  const passed = results.filter(({ verdict }) => verdict === 'ALLOWED');
  const broken = passed.filter(({ id }) => sentinels.has(id)).map((result) => `${nameOf(result)} must be denied: ${result.detail}`);
  const worse = passed
    .filter((result) => !sentinels.has(result.id) && knownGap(result, ground) === undefined)
    .map((result) => `${nameOf(result)} got through, which ${ground.driver} is not known for: ${result.detail}`);
  return [...layers, ...broken, ...worse, ...silent];
}

/** `fs.read-outside (python)`. */
export function nameOf({ id, language }: Pick<AttackResult, 'id' | 'language'>): string {
  return `${id} (${language})`;
}

function isMissing({ engaged, promised }: Layer): boolean {
  return promised && !engaged;
}
