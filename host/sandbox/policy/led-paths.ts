import type { Permissions } from '@outrigger/schemas';
import { fillIn, isOwnData, type PathVariables } from './fill-in.ts';
import { reallyAt } from './place.ts';
import { isWithin } from './real-path.ts';

/** A path as it was granted, and where it is. */
export interface LedPath {
  /** As it was written. */
  readonly text: string;
  /** Absolute and normalised. */
  readonly target: string;
  /** Where it really is. */
  readonly source: string;
}

/** Where granted paths led when they were accepted; undefined: to themselves. Others were not looked at. */
export type AcceptedPaths = ReadonlyMap<string, string | undefined>;

/** The granted paths that go through a link, each with where it leads: what the lock file keeps. What cannot be followed is left out. */
export function ledPaths({ fs }: Permissions, variables: PathVariables): Record<string, string> {
  const texts = [...(fs?.read ?? []), ...(fs?.write ?? [])].filter((text) => !isOwnData(text));
  const led = new Map<string, string>();
  for (const text of texts) {
    const filled = fillIn(text, variables);
    if (!('path' in filled)) continue;
    const source = reallyAt(filled.path);
    const to = leadsTo({ text, target: filled.path, source }, variables);
    if (to !== undefined) led.set(text, to);
  }
  return Object.fromEntries(led);
}

/** Why a path that leads elsewhere than when it was accepted is not granted; undefined when it leads where it did. */
export function whyElsewhere(path: LedPath, variables: PathVariables, accepted: AcceptedPaths): string | undefined {
  const now = leadsTo(path, variables);
  const then = accepted.get(path.text);
  if (now === then || !accepted.has(path.text)) return undefined;
  const before = then === undefined ? 'was no link' : `led to "${then}"`;
  return `it ${before} when it was accepted, and leads to "${now ?? path.source}" now; if that is right, trust the plugin again`;
}

/** Undefined for a path that leads to itself; below the variable it is written with, so that it means the same on every machine. */
function leadsTo({ text, target, source }: LedPath, variables: PathVariables): string | undefined {
  const name = /^\$\{(workspace|config)\}/.exec(text)?.[1] as keyof PathVariables | undefined;
  if (name === undefined) return source === target ? undefined : source;
  const root = realRoot(variables[name]);
  if (!isWithin(source, root)) return source;
  const [now, written] = [source.slice(root.length), target.slice(variables[name].length)].map((rest) => rest.replace(/^\/+/, ''));
  return now === written ? undefined : `\${${name}}/${now}`;
}

function realRoot(folder: string): string {
  return reallyAt(folder).replace(/\/$/, '');
}
