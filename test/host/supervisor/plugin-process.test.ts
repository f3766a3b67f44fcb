import { expect, test } from 'vitest';
import { failureOf, isAlive, rigOf } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('PluginProcess gives the plugin exactly the environment of its launch spec', async () => {
  const rig = rigOf('shows-environment');

  const reply = await rig.call('a');

  expect(reply).toMatchObject({ ok: true, answer: { metadata: { env: {}, args: [] } } });
});

test('PluginProcess walks the polite part of the stop ladder: shutdown, exit, end of stdin', async () => {
  const rig = rigOf('tells-methods');
  await rig.plugin.start();

  await rig.plugin.stop();

  expect(rig.states).toEqual(['starting', 'ready', 'draining', 'stopped']);
  expect(rig.plugin.status().lastExit).toMatchObject({
    code: 0,
    death: 'requested',
    stderr: ['initialize {"level":1}', 'shutdown', 'exit'],
  });
});

test('PluginProcess goes on to SIGTERM and SIGKILL when the plugin is deaf', async () => {
  const rig = rigOf('ignores-sigterm', { times: { stopStepMs: 100 } });
  await rig.plugin.start();

  await rig.plugin.stop();

  expect(rig.plugin.status().lastExit).toMatchObject({ signal: 'SIGKILL', stderr: ['SIGTERM ignored'] });
});

test('PluginProcess takes the whole process group along', async () => {
  const rig = rigOf('keeps-grandchild', { times: { stopStepMs: 100 } });
  await rig.plugin.start();
  await waitUntil(() => rig.logs.some((line) => line.fields['stream'] === 'stderr'), 'the grandchild to be told');
  const grandchild = Number(rig.logs.find((line) => line.fields['stream'] === 'stderr')?.message);
  expect(isAlive(grandchild)).toBe(true);

  await rig.plugin.stop();

  await waitUntil(() => !isAlive(grandchild), 'the grandchild to be dead');
});

test('PluginProcess ends a start that is under way', async () => {
  const rig = rigOf('never-answers-hello');
  const waiting = rig.call('a');
  const starting = rig.plugin.start();
  await rig.state('starting');

  await rig.plugin.stop();

  expect(failureOf(await waiting).code).toBe('PLUGIN_STOPPED');
  expect((await starting)?.code).toBe('PLUGIN_STOPPED');
  expect(rig.plugin.status()).toMatchObject({ state: 'stopped', lastExit: { signal: 'SIGTERM', death: 'requested' } });
});

test('PluginProcess lets calls in flight finish before it ends, even when the plugin answers shutdown early', async () => {
  const rig = rigOf('answers-early-to-shutdown', { times: { stopStepMs: 5_000 } });
  await rig.plugin.start();
  const inFlight = rig.call('a');

  await rig.plugin.stop();

  expect(await inFlight).toMatchObject({ ok: true });
});

test('PluginProcess passes stderr on to the log within its rate, tagged, and never blocks the plugin', async () => {
  const rig = rigOf('floods-stderr', { spec: { logsPerSecond: 5 } });

  expect(await rig.call('a')).toMatchObject({ ok: true });
  await rig.plugin.stop();

  const { lastExit } = rig.plugin.status();
  const passed = rig.logs.filter((line) => line.fields['stream'] === 'stderr');
  expect(passed.length).toBeLessThan(500);
  expect(passed[0]).toMatchObject({ level: 'info', fields: { plugin: 'floods-stderr', pid: expect.any(Number) } });
  expect(passed[0]?.message).toMatch(/^x{8192} … \(cut\)$/);
  expect(lastExit?.stderr).toHaveLength(20);
  expect(lastExit?.stderr.at(-1)).toBe('line 4999');
});

test('PluginProcess hands requests of the plugin to the host', async () => {
  const asked: unknown[] = [];
  const serve = (...request: unknown[]): Promise<unknown> => {
    asked.push(request.slice(0, 3));
    return Promise.resolve({ value: 7 });
  };
  const rig = rigOf('asks-for-service', { deps: { serve } });

  const reply = await rig.call('a');

  expect(reply).toMatchObject({ ok: true, answer: { metadata: { result: { value: 7 } } } });
  expect(asked).toEqual([['asks-for-service', 'storage/get', { key: 'a' }]]);
});
