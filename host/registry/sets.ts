import type { Config, PluginSet } from '@outrigger/schemas';
import { didYouMean } from '../protocol/did-you-mean.ts';
import type { Issue } from '../protocol/validator.ts';

/** A set a plugin belongs to. */
export interface Membership {
  readonly name: string;
  readonly set: PluginSet;
}

/** The sets a plugin belongs to, the nearest first: fewest steps, then the order of the file. */
export function setsOf(plugin: string, sets: Config['sets'] = {}): Membership[] {
  const all = Object.entries(sets);
  const found = new Map<string, PluginSet>();
  let ring = all.filter(([, set]) => set.plugins?.includes(plugin));
  while (ring.length > 0) {
    for (const [name, set] of ring) found.set(name, set);
    // A set is met once only: a circle of sets ends here.
    ring = all.filter(([name, set]) => !found.has(name) && set.sets?.some((inner) => ring.some(([inside]) => inside === inner)));
  }
  return [...found].map(([name, set]) => ({ name, set }));
}

/** Circles of sets and names that nothing has. */
export function setMistakes(sets: Config['sets'] = {}, plugins: Iterable<string>): (Issue & { severity: 'error' | 'warning' })[] {
  const issues: (Issue & { severity: 'error' | 'warning' })[] = [];
  const known = new Set(plugins);
  const names = Object.keys(sets);
  for (const [name, set] of Object.entries(sets)) {
    for (const [index, plugin] of (set.plugins ?? []).entries()) {
      if (known.has(plugin)) continue;
      const message = `no plugin is called "${plugin}"${didYouMean(plugin, known)}`;
      issues.push({ severity: 'warning', pointer: `/sets/${name}/plugins/${index}`, message });
    }
    for (const [index, inner] of (set.sets ?? []).entries()) {
      if (Object.hasOwn(sets, inner)) continue;
      issues.push({
        severity: 'error',
        pointer: `/sets/${name}/sets/${index}`,
        message: `no set is called "${inner}"${didYouMean(inner, names)}`,
      });
    }
  }
  for (const circle of circles(sets)) {
    const message = `the sets hold each other in a circle: ${circle.join(' → ')}; remove one of them`;
    issues.push({ severity: 'error', pointer: `/sets/${circle[0]}/sets`, message });
  }
  return issues;
}

/** Every circle once, from the set that stands first in the file. */
function circles(sets: Record<string, PluginSet>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (name: string, path: readonly string[]) => {
    const start = path.indexOf(name);
    if (start >= 0) found.push([...path.slice(start), name]);
    if (start >= 0 || done.has(name)) return;
    for (const inner of sets[name]?.sets ?? []) walk(inner, [...path, name]);
    done.add(name);
  };
  for (const name of Object.keys(sets)) walk(name, []);
  return found;
}
