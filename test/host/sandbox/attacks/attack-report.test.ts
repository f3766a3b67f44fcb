import { expect, test } from 'vitest';
import { categoryScores } from '../../../../host/sandbox/attacks/attack-report.ts';
import type { AttackResult, Verdict } from '../../../../host/sandbox/attacks/attack-verdict.ts';

function result(id: string, verdict: Verdict, category = 'files'): AttackResult {
  return { id, language: 'python', category, layer: 'mounts', about: 'Reads', verdict, detail: '' };
}

const RESULTS = [result('fs.a', 'DENIED'), result('fs.b', 'ALLOWED'), result('fs.c', 'SKIPPED'), result('net.a', 'NO ANSWER', 'sockets')];

test('categoryScores() counts each verdict once, and no attack that could not run', () => {
  expect(categoryScores(RESULTS)).toEqual([
    { category: 'files', attacks: 2, denied: 1, allowed: 1, skipped: 1, silent: 0 },
    { category: 'sockets', attacks: 1, denied: 0, allowed: 0, skipped: 0, silent: 1 },
  ]);
});
