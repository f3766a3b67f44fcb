import type { TracedAnswer } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { answerOf, document, seededRandom, statusOf, withHost } from './faults-host.ts';

const EVENTS = 300;
const LANES = 3;
const KILL_ONE_IN = 30;
/** Codes of calls that never reached the process. */
const NEVER_SENT = ['PLUGIN_QUARANTINED', 'PLUGIN_BREAKER_OPEN'];

test.each([1, 2])('every event settles exactly once while its plugin is killed at random moments (seed %i)', async (seed) => {
  const random = seededRandom(seed);
  await withHost({ 'adds-pid': {}, 'adds-tag': {} }, {}, async (host) => {
    const killed = new Set<number>();
    const answers: { hook: string; answer: TracedAnswer; tags: readonly string[] }[] = [];
    let fired = 0;
    const kill = async (): Promise<void> => {
      const { pid, state } = statusOf(host, 'adds-pid');
      if (state === 'quarantined') await host.restart('adds-pid');
      else if (pid !== undefined && state === 'ready' && random() < 1 / KILL_ONE_IN) {
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
    };
    const lane = async (): Promise<void> => {
      while (fired < EVENTS) {
        fired++;
        const hook = random() < 0.5 ? 'app.save' : 'app.lookup';
        const emitted = host.emit(hook, document());
        await kill();
        const outcome = await emitted;
        expect(outcome.trace.answers.map(({ plugin }) => plugin)).toEqual(['adds-pid', 'adds-tag']);
        answers.push({ hook, answer: answerOf(outcome, 'adds-pid'), tags: outcome.payload.tags });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));

    const failed = answers.filter(({ answer }) => answer.status === 'failed');
    const { connection, ...status } = statusOf(host, 'adds-pid');
    expect(answers).toHaveLength(EVENTS);
    expect(answers.every(({ tags }) => tags.includes('good'))).toBe(true);
    expect(killed.size).toBeGreaterThan(3);
    expect(status.starts).toBeGreaterThanOrEqual(killed.size);
    expect(status).toMatchObject({ inFlight: 0, queued: 0, answered: EVENTS - failed.length });
    expect(status.answered).toBeGreaterThan(EVENTS / 2);
    expect(connection).toMatchObject({ unknownReplies: 0, lateReplies: 0, invalidMessages: 0 });
    const counted = Object.values(status.failed).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(failed.filter(({ answer }) => answer.code !== 'PLUGIN_BREAKER_OPEN').length);
    for (const { hook, answer } of answers) {
      if (answer.status !== 'failed') expect(answer.metadata).toEqual({ pid: answer.pid, attempt: answer.attempts });
      else if (!NEVER_SENT.includes(answer.code as string)) {
        expect(answer.code).toBe(answer.attempts === 2 ? 'EVENT_POISONED' : 'PLUGIN_EXITED');
        expect(killed).toContain(answer.pid);
      }
      // Only what the hook point calls idempotent is tried again, and only once.
      expect(answer.attempts ?? 0).toBeLessThanOrEqual(hook === 'app.lookup' ? 2 : 1);
    }
  });
});
