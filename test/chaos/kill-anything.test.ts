import { setTimeout } from 'node:timers/promises';
import type { TracedAnswer } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { document, type FaultHost, groupOf, seededRandom, statusOf, withHost } from '../e2e/faults-host.ts';
import { waitUntil } from '../support/wait-until.ts';

const LOAD_MS = 8_000;
const LANES = 6;
const VICTIMS = ['adds-pid', 'adds-tag', 'keeps-grandchild', 'garbage-line'];
const PLUGINS = Object.fromEntries([
  ...VICTIMS.map((name) => [name, { timeoutMs: 400 }]),
  ['keeps-grandchild', { timeoutMs: 400, mode: 'concurrent' }],
  ['garbage-line', { timeoutMs: 400, mode: 'concurrent' }],
]);
/** What may become of a call when its plugin is killed, stopped for a while, or told to end. */
const EXPECTED = [
  'PLUGIN_EXITED',
  'PLUGIN_TIMEOUT',
  'PLUGIN_HUNG',
  'PLUGIN_START_FAILED',
  'PLUGIN_BACKING_OFF',
  'PLUGIN_QUARANTINED',
  'PLUGIN_BREAKER_OPEN',
  'PLUGIN_STOPPED',
  'EVENT_POISONED',
];

type Violence = { readonly groups: Set<number>; readonly random: () => number; until: number };

/** Kills, stops, continues and restarts plugins at random until the time is over. */
async function rage(host: FaultHost, { groups, random, until }: Violence): Promise<number> {
  let blows = 0;
  while (performance.now() < until) {
    const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] as string;
    const { pid, state } = statusOf(host, victim);
    const weapon = random();
    if (state === 'quarantined' && weapon < 0.7) await host.restart(victim).catch(() => undefined);
    else if (pid !== undefined) {
      groups.add(pid);
      blows++;
      if (weapon < 0.4) hit(pid, 'SIGKILL');
      else if (weapon < 0.6) hit(pid, 'SIGTERM');
      else if (weapon < 0.7) await host.restart(victim).catch(() => undefined);
      else {
        hit(pid, 'SIGSTOP');
        await setTimeout(random() * 1200);
        hit(pid, 'SIGCONT');
      }
    }
    await setTimeout(random() * 150);
  }
  return blows;
}

function hit(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It died by itself in between, or of the blow before.
  }
}

test(`every event settles and every failure is accounted for while plugins are killed, stopped and ended at random`, async () => {
  const seed = Number(process.env['OUTRIGGER_CHAOS_SEED'] ?? Date.now() % 1_000_000);
  console.log(`chaos seed ${seed}: run again with OUTRIGGER_CHAOS_SEED=${seed}`);
  const random = seededRandom(seed);
  const until = performance.now() + LOAD_MS;
  const groups = new Set<number>();
  const answers: TracedAnswer[] = [];
  let fired = 0;
  let settled = 0;
  await withHost(PLUGINS, {}, async (host) => {
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        fired++;
        const outcome = await host.emit(random() < 0.5 ? 'app.save' : 'app.lookup', document('fine'));
        settled++;
        answers.push(...outcome.trace.answers);
        expect(new Set(outcome.trace.answers.map(({ plugin }) => plugin)).size).toBe(outcome.trace.plan.length);
        expect(outcome.trace.answers).toHaveLength(outcome.trace.plan.length);
        for (const { pid } of outcome.trace.answers) if (pid !== undefined) groups.add(pid);
        await setTimeout(random() * 5);
      }
    };
    const [blows] = await Promise.all([rage(host, { groups, random, until }), ...Array.from({ length: LANES }, lane)]);

    // On a busy machine they are few.
    expect(blows).toBeGreaterThan(0);
    expect(settled).toBe(fired);
    expect(host.stats().events).toBe(fired);
    for (const victim of VICTIMS) {
      const mine = answers.filter(({ plugin }) => plugin === victim);
      const codes = mine.flatMap(({ code }) => (code === undefined ? [] : [code]));
      const counted = Object.values(statusOf(host, victim).failed).reduce((sum, count) => sum + count, 0);
      expect(codes.filter((code) => !EXPECTED.includes(code))).toEqual([]);
      expect(counted).toBe(codes.filter((code) => code !== 'PLUGIN_BREAKER_OPEN').length);
      expect(statusOf(host, victim)).toMatchObject({ queued: 0, answered: mine.length - codes.length });
    }
    const opens = Object.values(host.stats().failOpens).reduce((sum, count) => sum + count, 0);
    expect(opens).toBe(answers.filter(({ failOpen }) => failOpen).length);
    expect(answers.some(({ status }) => status !== 'failed')).toBe(true);
  });
  for (const group of groups) await waitUntil(async () => (await groupOf(group)).length === 0, `process group ${group} to be gone`);
}, 60_000);
