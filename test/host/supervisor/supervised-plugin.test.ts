import { expect, test } from 'vitest';
import type { CallReply } from '../../../host/supervisor/types.ts';
import { failureOf, isAlive, rigOf } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('invoke() works with a plugin that answers {} to everything', async () => {
  const rig = rigOf('ignores-one-event');

  expect(await rig.call('a')).toMatchObject({ ok: true, answer: {}, attempts: 1, pid: expect.any(Number), bytes: expect.any(Number) });
});

test('stop() fails what waits and what does not finish, and the next call starts the plugin again', async () => {
  const rig = rigOf('ignores-one-event', { spec: { concurrency: 1 }, times: { stopStepMs: 200 } });
  await rig.plugin.start();
  const stuck = rig.call('stuck');
  const queued = rig.call('queued');

  const stopped = rig.plugin.stop();
  const during = rig.call('during');
  await stopped;

  expect([await stuck, await queued].map((reply) => failureOf(reply).code)).toEqual(['PLUGIN_STOPPED', 'PLUGIN_STOPPED']);
  expect(await during).toMatchObject({ ok: true, coldStart: true });
  expect(rig.plugin.status()).toMatchObject({ starts: 2, restarts: 0, failed: { PLUGIN_STOPPED: 2 } });
});

test('stop() triggers no restart, not even of an idempotent call that was in flight', async () => {
  const rig = rigOf('ignores-one-event', { spec: { activation: 'eager' }, times: { stopStepMs: 100 } });
  await rig.plugin.start();
  const stuck = rig.call('stuck', { idempotent: true });

  await rig.plugin.stop();

  expect(failureOf(await stuck).code).toBe('PLUGIN_STOPPED');
  expect(rig.plugin.status()).toMatchObject({ state: 'stopped', starts: 1, nextStartMs: undefined });
});

test('close() is for good', async () => {
  const rig = rigOf('echoes');
  const { pid } = await rig.call('a');

  await rig.plugin.close();

  expect(isAlive(pid as number)).toBe(false);
  expect(failureOf(await rig.call('b')).code).toBe('PLUGIN_STOPPED');
  expect(rig.plugin.notify('"event":"n"')?.code).toBe('PLUGIN_STOPPED');
  expect((await rig.plugin.start())?.code).toBe('PLUGIN_STOPPED');
  expect((await rig.plugin.restart())?.code).toBe('PLUGIN_STOPPED');
  expect(rig.plugin.status().starts).toBe(1);
});

test('close() waits for processes that were killed or declined', async () => {
  const rig = rigOf('declines');
  const waiting = rig.call('a');
  await rig.state('starting');
  const { pid } = rig.plugin.status();
  await waiting;

  await rig.plugin.close();

  expect(isAlive(pid as number)).toBe(false);
});

test('updateConfig() reaches the running process, and the next one in its handshake', async () => {
  const rig = rigOf('tells-methods');
  await rig.plugin.start();

  rig.plugin.updateConfig({ level: 2 });
  await rig.plugin.restart();
  const first = rig.plugin.status().lastExit?.stderr;
  await rig.plugin.stop();

  expect(first).toEqual(['initialize {"level":1}', 'config/changed {"level":2}', 'shutdown', 'exit']);
  expect(rig.plugin.status().lastExit?.stderr).toEqual(['initialize {"level":2}', 'shutdown', 'exit']);
});

test('updateConfig() during the start is told once the plugin is ready', async () => {
  const rig = rigOf('tells-methods');
  const starting = rig.plugin.start();
  await rig.state('starting');

  rig.plugin.updateConfig({ level: 2 });
  await starting;
  await rig.plugin.stop();

  expect(rig.plugin.status().lastExit?.stderr.slice(0, 2)).toEqual(['initialize {"level":1}', 'config/changed {"level":2}']);
});

test('status() adds up the counters of all processes', async () => {
  const rig = rigOf('echoes');
  await rig.call('a');
  const first = rig.plugin.status().connection;
  await rig.plugin.restart();
  await rig.call('b');

  const { connection, answered } = rig.plugin.status();

  expect(answered).toBe(2);
  expect(first).toMatchObject({ messagesIn: 2, messagesOut: 2 });
  expect(connection.messagesIn).toBeGreaterThanOrEqual(5);
  expect(connection.bytesOut).toBeGreaterThan(first.bytesOut);
});

/** Small and reproducible: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test.for([1, 2, 3, 4, 5])('invoke() settles every call exactly once, whatever ends the process (seed %i)', async (seed) => {
  const random = seeded(seed);
  const rig = rigOf('echoes', {
    spec: { concurrency: 3, queueCalls: 50 },
    times: { backoffFirstMs: 1, failuresBorne: 1_000, stopStepMs: 100 },
  });
  const settled: CallReply[][] = [];
  const pending: Promise<unknown>[] = [];
  const cancels: ((reason: { code: 'EVENT_CANCELLED'; message: string }) => void)[] = [];

  for (let step = 0; step < 150; step++) {
    const replies: CallReply[] = [];
    settled.push(replies);
    const more = { idempotent: random() < 0.5, timeoutMs: 2_000, deadline: rig.timers.now() + 3_000 };
    cancels.push(rig.plugin.invoke(rig.hookCall(`e${step}`, (reply) => replies.push(reply), more)));
    const what = random();
    const { pid } = rig.plugin.status();
    if (what < 0.1 && pid !== undefined && isAlive(pid)) process.kill(pid, random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    else if (what < 0.13) pending.push(rig.plugin.stop());
    else if (what < 0.15) pending.push(rig.plugin.restart());
    else if (what < 0.25) cancels[Math.floor(random() * cancels.length)]?.({ code: 'EVENT_CANCELLED', message: 'Not needed' });
    if (random() < 0.05) await waitUntil(() => replies.length > 0, 'a call to be settled before more happens');
    else if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 8));
  }

  await waitUntil(() => settled.every((replies) => replies.length > 0), 'every call to be settled');
  await Promise.all(pending);
  await rig.plugin.close();
  expect(settled.map((replies) => replies.length)).toEqual(settled.map(() => 1));
  expect(settled.some(([reply]) => reply?.ok)).toBe(true);
  expect(rig.plugin.status()).toMatchObject({ inFlight: 0, queued: 0 });
});
