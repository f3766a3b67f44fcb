import type { Check } from './types.ts';

/** Good when there is nothing bad; one example is shown of what is. */
export function check(name: string, bad: readonly unknown[], facts: string): Check {
  const example = bad.length === 0 ? '' : `; ${bad.length} WRONG, such as ${JSON.stringify(bad[0])}`;
  return { name, isGood: bad.length === 0, facts: facts + example };
}

export function countBy(all: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

export function listed(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}

export function percent(share: number): string {
  return `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)} %`;
}
