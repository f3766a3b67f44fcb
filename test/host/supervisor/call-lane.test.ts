import { expect, test } from 'vitest';
import type { CallReply } from '../../../host/supervisor/types.ts';
import { failureOf, rigOf } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

function codes(replies: readonly CallReply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reply of replies) {
    const code = reply.ok ? 'ok' : reply.failure.code;
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

test('CallLane leaves at most `concurrency` calls unanswered and sends the rest in order', async () => {
  const rig = rigOf('echoes', { spec: { concurrency: 2 } });
  await rig.plugin.start();
  const order: string[] = [];

  const calls = ['a', 'b', 'c', 'd', 'e'].map((event) => rig.call(event).then(() => order.push(event)));

  expect(rig.plugin.status()).toMatchObject({ inFlight: 2, queued: 3 });
  await Promise.all(calls);
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(rig.plugin.status()).toMatchObject({ inFlight: 0, queued: 0, answered: 5 });
});

test('CallLane fails the call over the bound at once and counts it', async () => {
  const rig = rigOf('echoes', { spec: { queueCalls: 2 } });

  const replies = await Promise.all(['a', 'b', 'c'].map((event) => rig.call(event)));

  expect(replies.map((reply) => reply.ok)).toEqual([true, true, false]);
  expect(failureOf(replies[2] as CallReply)).toEqual({ code: 'PLUGIN_OVERLOADED', message: expect.stringContaining('2 calls and') });
  expect(rig.plugin.status().failed).toEqual({ PLUGIN_OVERLOADED: 1 });
});

test('CallLane bounds the queue in bytes, notifications included', async () => {
  const rig = rigOf('echoes', { spec: { queueBytes: 1_000 } });
  const first = rig.call('a');

  expect(rig.plugin.notify(`"event":"${'n'.repeat(2_000)}"`)?.code).toBe('PLUGIN_OVERLOADED');

  expect(rig.plugin.status().notificationsDropped).toBe(1);
  expect((await first).ok).toBe(true);
});

test('CallLane fails a queued call when the event’s budget is over', async () => {
  const rig = rigOf('never-answers-hello');

  const reply = await rig.call('a', { deadline: rig.timers.now() + 50 });

  expect(failureOf(reply)).toEqual({ code: 'EVENT_BUDGET_SPENT', message: expect.stringContaining('still queued') });
  expect(rig.plugin.status()).toMatchObject({ state: 'starting', queued: 0 });
});

test('CallLane cancels a queued call and one in flight, once each', async () => {
  const rig = rigOf('answers-on-cancel', { spec: { concurrency: 1 } });
  await rig.plugin.start();
  const replies: CallReply[] = [];
  const reason = { code: 'EVENT_CANCELLED', message: 'Not needed' } as const;
  const cancels = ['slow', 'queued'].map((event) => rig.plugin.invoke(rig.hookCall(event, (reply) => replies.push(reply))));

  for (const cancel of cancels.reverse()) {
    cancel(reason);
    cancel(reason);
  }

  expect(replies.map(failureOf)).toEqual([reason, reason]);
  expect(await rig.call('next')).toMatchObject({ ok: true });
  expect(replies).toHaveLength(2);
});

test('CallLane sends what waits when a call that was given up is settled late', async () => {
  const rig = rigOf('answers-on-cancel', { spec: { concurrency: 1 } });

  const [slow, next] = await Promise.all([rig.call('slow', { timeoutMs: 100 }), rig.call('next')]);

  expect(failureOf(slow).code).toBe('PLUGIN_TIMEOUT');
  expect(next).toMatchObject({ ok: true });
  expect(rig.plugin.status()).toMatchObject({ starts: 1, connection: { lateReplies: 1 } });
});

test('CallLane keeps the host’s memory bounded with 100 000 calls to a plugin that stops reading, and settles all', async () => {
  const spec = { concurrency: 100_000, queueCalls: 1_000, queueBytes: 4_000_000 };
  const rig = rigOf('never-reads', { spec });
  await rig.plugin.start();
  const shared = `"event":"e","payload":{"text":"${'x'.repeat(1_000)}"}`;
  const replies: CallReply[] = [];
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;

  for (let call = 0; call < 100_000; call++) {
    rig.plugin.invoke(rig.hookCall('e', (reply) => replies.push(reply), { shared, deadline: rig.timers.now() + 1_000, timeoutMs: 1_000 }));
  }

  const { inFlight, queued } = rig.plugin.status();
  expect(queued).toBe(1_000);
  expect(inFlight).toBeLessThan(3_000);
  expect(process.memoryUsage().arrayBuffers + process.memoryUsage().external - before).toBeLessThan(20_000_000);
  await waitUntil(() => replies.length === 100_000, 'all calls to be settled');
  expect(codes(replies)).toMatchObject({ PLUGIN_OVERLOADED: 100_000 - inFlight - queued });
  expect(codes(replies)['ok']).toBeUndefined();
});

test('CallLane delivers notifications in order, and starts the plugin for one', async () => {
  const rig = rigOf('tells-methods');

  expect([1, 2].map((n) => rig.plugin.notify(`"event":"n${n}"`))).toEqual([undefined, undefined]);
  await rig.state('ready');
  await rig.plugin.stop();

  const methods = rig.plugin.status().lastExit?.stderr.map((line) => line.split(' ')[0]);
  expect(methods).toEqual(['initialize', 'hook/notify', 'hook/notify', 'shutdown', 'exit']);
});
