import { expect } from 'vitest';
import { testWithAll } from '../support/needs.ts';
import { report } from './soak/report.ts';
import { runSoak } from './soak/run-soak.ts';

const TITLE = 'a short soak with kills of everything loses, doubles and leaves nothing';

testWithAll({ perl: 'perl', python3: 'python3' })(
  TITLE,
  async () => {
    const seed = Number(process.env['OUTRIGGER_CHAOS_SEED'] ?? Date.now() % 1_000_000);
    const again = `npm run soak -- --minutes 0.15 --plugins 6 --clients 8 --seed ${seed}`;
    const result = await runSoak({ minutes: 0.15, seed, plugins: 6, clients: 8, log: () => {} });
    const wrong = result.checks.filter(({ isGood }) => !isGood);
    expect(wrong, `${again}\n${report(result)}`).toEqual([]);
    expect(result.violence['daemon killed']).toBeGreaterThan(0);
    expect(Object.keys(result.violence).length).toBeGreaterThan(1);
    // What was checked was there to be checked.
    const facts = (name: RegExp): number => Number.parseInt(result.checks.find((check) => name.test(check.name))?.facts ?? '', 10);
    expect(facts(/at-least-once/)).toBeGreaterThan(10);
    expect(facts(/doubled/)).toBeGreaterThan(10);
  },
  240_000,
);
