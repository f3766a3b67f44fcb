import type { AttackResult } from './attack-verdict.ts';

/** How one category did. */
export interface CategoryScore {
  readonly category: string;
  readonly attacks: number;
  readonly denied: number;
  readonly allowed: number;
  readonly skipped: number;
  readonly silent: number;
}

/** Scores in the order in which the categories came. Pure. */
export function categoryScores(results: readonly AttackResult[]): CategoryScore[] {
  return [...Map.groupBy(results, ({ category }) => category)].map(([category, list]) => {
    const count = (verdict: AttackResult['verdict']): number => list.filter((result) => result.verdict === verdict).length;
    const skipped = count('SKIPPED');
    return {
      category,
      attacks: list.length - skipped,
      denied: count('DENIED'),
      allowed: count('ALLOWED'),
      skipped,
      silent: count('NO ANSWER'),
    };
  });
}
