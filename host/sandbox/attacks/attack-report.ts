import type { AttackResult } from './attack-verdict.ts';
import type { SandboxTestResult } from './sandbox-test.ts';

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

/** A table in Markdown of several runs, one a row: what documents show. Pure. */
export function scoresTable(runs: readonly SandboxTestResult[]): string {
  const rows = runs.map(({ ground, results }) => {
    const allowed = results.filter(({ verdict }) => verdict === 'ALLOWED');
    const ran = results.filter(({ verdict }) => verdict !== 'SKIPPED').length;
    const left = [...new Set(allowed.map(({ id }) => `\`${id}\``))];
    const through = left.length > 12 ? `${left.slice(0, 12).join(', ')} and ${left.length - 12} more` : left.join(', ');
    return [ground.driver, ground.isRoot ? 'root' : 'user', ground.limits, String(ran), String(allowed.length), through || 'nothing'];
  });
  const head = ['driver', 'host', 'limits', 'attacks', 'got through', 'which'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
