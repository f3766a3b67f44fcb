import type { SoakResult } from './types.ts';

/** The result as people read it. */
export function report({ seed, minutes, checks, violence, folder }: SoakResult): string {
  const done = Object.entries(violence).sort(([, a], [, b]) => b - a);
  const width = Math.max(...checks.map(({ name }) => name.length));
  return [
    `Soak of ${minutes} minutes, seed ${seed}`,
    '',
    ...done.map(([kind, count]) => `${String(count).padStart(6)}  ${kind}`),
    '',
    ...checks.map(({ name, isGood, facts }) => `${isGood ? 'good ' : 'WRONG'}  ${name.padEnd(width)}  ${facts}`),
    ...(folder === undefined ? [] : ['', `Everything is in ${folder}`]),
  ].join('\n');
}
