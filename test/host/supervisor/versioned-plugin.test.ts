import { expect, onTestFinished, test } from 'vitest';
import { Timers } from '../../../host/process/timers.ts';
import type { CallReply, HookCall, PluginSpec } from '../../../host/supervisor/types.ts';
import { TRIAL_CALLS, type VersionedDeps, VersionedPlugin } from '../../../host/supervisor/versioned-plugin.ts';
import { failureOf, isAlive, specOf } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Rig {
  readonly plugin: VersionedPlugin;
  call(event: string, more?: Partial<HookCall>): Promise<CallReply>;
  /** Prepares a new version and lets it take over. */
  replace(fixture: string, spec?: Partial<PluginSpec>): Promise<CallReply | undefined>;
}

function rigOf(fixture: string, spec: Partial<PluginSpec> = {}, deps: Partial<VersionedDeps> = {}): Rig {
  const timers = new Timers();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const times = { backoffFirstMs: 20, stopStepMs: 300 };
  const plugin = new VersionedPlugin(specOf(fixture, spec), { timers, log, serve: () => Promise.resolve({}), times, ...deps });
  onTestFinished(async () => {
    await plugin.close();
    timers.close();
  });
  const call: Rig['call'] = (event, more) =>
    new Promise((settle) => {
      const shared = `"event":${JSON.stringify(event)},"hook":"test.hook","context":{},"payload":{}`;
      const deadline = timers.now() + 20_000;
      plugin.invoke({
        event,
        hook: 'test.hook',
        shared,
        state: undefined,
        timeoutMs: 10_000,
        deadline,
        idempotent: false,
        settle,
        ...more,
      });
    });
  return {
    plugin,
    call,
    replace: async (next, changed = {}) => {
      const { failure, commit } = await plugin.prepare(
        { ...specOf(next, { ...spec, ...changed }), name: plugin.name },
        { mustStart: false },
      );
      if (failure !== undefined) return { ok: false, failure, attempts: 0 };
      commit();
      return undefined;
    },
  };
}

function pidOf(reply: CallReply): number {
  if (!reply.ok || reply.pid === undefined) throw new Error(`Expected an answer, got ${JSON.stringify(reply)}`);
  return reply.pid;
}

test('commit() gives the new version one call at a time until it answered three, then all; the old process ends', async () => {
  const rig = rigOf('echoes');
  const before = pidOf(await rig.call('a'));

  await rig.replace('echoes');
  const [first, beside] = await Promise.all([rig.call('b'), rig.call('c')]);
  const next = pidOf(first);

  expect(next).not.toBe(before);
  expect(pidOf(beside)).toBe(before);
  for (let trial = 1; trial < TRIAL_CALLS; trial++) expect(pidOf(await rig.call(`t${trial}`))).toBe(next);
  expect((await Promise.all(['d', 'e', 'f'].map((event) => rig.call(event)))).map(pidOf)).toEqual([next, next, next]);
  await waitUntil(() => !isAlive(before), 'the process before to be gone');
  expect(rig.plugin.status()).toMatchObject({ state: 'ready', pid: next, starts: 2, restarts: 0, answered: 8, failed: {} });
});

test('prepare() leaves everything as it is when the new version fails its handshake', async () => {
  const rig = rigOf('echoes');
  const before = pidOf(await rig.call('a'));

  const refused = await rig.replace('exits-before-hello');

  expect(failureOf(refused as CallReply).code).toBe('PLUGIN_START_FAILED');
  expect(pidOf(await rig.call('b'))).toBe(before);
  expect(rig.plugin.status()).toMatchObject({ state: 'ready', pid: before });
});

test('a new version that crashes in its first call is rolled back; a call that may be doubled is answered by the one before', async () => {
  const rig = rigOf('echoes');
  const before = pidOf(await rig.call('a'));
  await rig.replace('crashes-in-hook');

  const [tried, beside] = await Promise.all([rig.call('b', { idempotent: true }), rig.call('c')]);

  expect(tried).toMatchObject({ ok: true, pid: before, attempts: 2 });
  expect(pidOf(beside)).toBe(before);
  expect(rig.plugin.rollback).toMatchObject({ code: 'PLUGIN_EXITED', message: expect.stringContaining('index out of range') });
  expect(pidOf(await rig.call('d'))).toBe(before);
});

test('a call that must not be doubled fails with the new version, and only that one', async () => {
  const rig = rigOf('echoes');
  const before = pidOf(await rig.call('a'));
  await rig.replace('crashes-in-hook');

  const replies = await Promise.all(Array.from({ length: 20 }, (_, index) => rig.call(`e${index}`)));

  expect(failureOf(replies[0] as CallReply).code).toBe('PLUGIN_EXITED');
  expect(replies.slice(1).map(pidOf)).toEqual(Array.from({ length: 19 }, () => before));
});

test('an answer that cannot be used rolls a new version back', async () => {
  const rig = rigOf('echoes');
  const before = pidOf(await rig.call('a'));
  await rig.replace('echoes');

  await new Promise((resolve) => {
    const settle = (reply: CallReply): boolean => {
      resolve(reply);
      return false;
    };
    void rig.call('b', { settle });
  });

  expect(rig.plugin.rollback?.code).toBe('ANSWER_INVALID');
  expect(pidOf(await rig.call('c'))).toBe(before);
});

test('a trial without calls is over after a while', async () => {
  const rig = rigOf('echoes', {}, { trialMs: 20 });
  const before = pidOf(await rig.call('a'));
  await rig.replace('echoes');

  await waitUntil(() => !isAlive(before), 'the process before to be gone');
  expect(pidOf(await rig.call('b'))).not.toBe(before);
});

test('two versions together have no more calls in flight than one may have', async () => {
  const rig = rigOf('holds-old-events', { concurrency: 1 });
  const pid = pidOf(await rig.call('a'));
  const busy = Array.from({ length: 5 }, (_, index) => rig.call(`old${index}`));
  await rig.replace('holds-old-events');
  const later = Array.from({ length: 10 }, (_, index) => rig.call(`new${index}`));
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, rig.plugin.status().inFlight);
  }, 1);
  onTestFinished(() => clearInterval(watch));
  process.kill(pid, 'SIGUSR2');

  expect((await Promise.all([...busy, ...later])).every((reply) => reply.ok)).toBe(true);
  expect(most).toBe(1);
});

test('a plugin that does not run is changed without being started', async () => {
  const rig = rigOf('echoes');
  await rig.replace('exits-before-hello');
  expect(rig.plugin.status()).toMatchObject({ state: 'stopped', starts: 0 });
  expect(failureOf(await rig.call('a')).code).toBe('PLUGIN_START_FAILED');
});

test('close() during a trial ends both processes, and every call settles', async () => {
  const rig = rigOf('ignores-one-event');
  const before = pidOf(await rig.call('a'));
  await rig.replace('ignores-one-event');
  const [next, stuck] = [rig.call('stuck'), rig.call('stuck')];

  await rig.plugin.close();

  expect([await next, await stuck].map((reply) => failureOf(reply).code)).toEqual(['PLUGIN_STOPPED', 'PLUGIN_STOPPED']);
  expect(isAlive(before)).toBe(false);
  expect(failureOf((await rig.replace('echoes')) as CallReply).code).toBe('PLUGIN_STOPPED');
});
