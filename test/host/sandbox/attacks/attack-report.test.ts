import { expect, test } from 'vitest';
import { categoryScores, scoresTable } from '../../../../host/sandbox/attacks/attack-report.ts';
import type { AttackResult, Verdict } from '../../../../host/sandbox/attacks/attack-verdict.ts';
import type { SandboxTestResult } from '../../../../host/sandbox/attacks/sandbox-test.ts';

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

test('scoresTable() has one row a run, with what got through', () => {
  const ground = {
    driver: 'bubblewrap',
    version: '',
    grade: 'os',
    enforces: [],
    limits: 'hard',
    limiter: '',
    isRoot: true,
    layers: [],
  } as const;
  const runs: SandboxTestResult[] = [
    { ground, results: RESULTS, missing: [], failures: [] },
    { ground: { ...ground, isRoot: false, limits: 'soft' }, results: [result('fs.a', 'DENIED')], missing: [], failures: [] },
  ];

  expect(scoresTable(runs).split('\n')).toEqual([
    '| driver | host | limits | attacks | got through | which |',
    '| --- | --- | --- | --- | --- | --- |',
    '| bubblewrap | root | hard | 3 | 1 | `fs.b` |',
    '| bubblewrap | user | soft | 1 | 0 | nothing |',
  ]);
});
