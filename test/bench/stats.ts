import type { Compared, Goal, Measure, Row, Samples, Spread, Unit } from './types.ts';

/** Blocks give microseconds; memory they give as it is shown. */
const FACTOR: Readonly<Record<Unit, number>> = { ns: 1000, µs: 1, ms: 0.001, KB: 1, MB: 1 };

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return { median: median ?? Number.NaN, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** The row that these launches make: a ratio is taken inside each round, never between medians. */
export function rowOf(measure: Measure, placement: Row['placement'], found: readonly Samples[]): Row {
  const launches = found.map((samples) => inUnit(samples, measure.unit));
  const names = [...new Set(launches.flatMap((samples) => Object.keys(samples)))];
  const values = Object.fromEntries(names.map((name) => [name, spread(launches.flatMap((samples) => samples[name] ?? []))]));
  const asked: readonly (Goal | Omit<Goal, 'atMost'>)[] = [...measure.goals, ...(measure.shown ?? [])];
  const compared = asked.flatMap((goal) => compare(goal, launches));
  const pairs = launches.reduce((sum, samples) => sum + Math.max(0, ...Object.values(samples).map(({ length }) => length)), 0);
  const { id, title, unit } = measure;
  return { id, title, unit, placement, pairs, values, compared };
}

function inUnit(samples: Samples, unit: Unit): Samples {
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, values.map((value) => value * FACTOR[unit])]));
}

function compare(goal: Goal | Omit<Goal, 'atMost'>, launches: readonly Samples[]): Compared[] {
  const ratios = launches.flatMap((samples) => {
    const mine = samples[goal.subject] ?? [];
    if (goal.against === undefined) return mine;
    const theirs = samples[goal.against] ?? [];
    return mine.slice(0, theirs.length).map((value, round) => value / (theirs[round] ?? Number.NaN));
  });
  return ratios.length === 0 ? [] : [{ ...goal, ...spread(ratios) }];
}
