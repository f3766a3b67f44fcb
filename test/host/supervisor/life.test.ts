import { expect, test } from 'vitest';
import { failureOf, isAlive, type Rig, rigOf } from '../../support/supervise.ts';
import { waitUntil } from '../../support/wait-until.ts';

function kill(rig: Rig): void {
  process.kill(rig.plugin.status().pid as number, 'SIGKILL');
}

test('Life starts no process before the first call, and one process for many callers', async () => {
  const rig = rigOf('echoes');
  expect(rig.plugin.status()).toMatchObject({ state: 'stopped', starts: 0, pid: undefined });

  const replies = await Promise.all([rig.plugin.start(), rig.plugin.start(), rig.call('a'), rig.call('b')]);

  expect(replies.slice(0, 2)).toEqual([undefined, undefined]);
  expect(replies.slice(2)).toEqual([expect.objectContaining({ ok: true, coldStart: true }), expect.objectContaining({ ok: true })]);
  expect(rig.plugin.status()).toMatchObject({ state: 'ready', starts: 1 });
  expect(await rig.call('c')).toMatchObject({ ok: true, coldStart: false });
});

test.for([
  [
    'exits-before-hello',
    'PLUGIN_START_FAILED',
    'exited with code 3 before the handshake; last stderr line was "no licence file"',
    'backoff',
  ],
  ['answers-hello-with-garbage', 'PLUGIN_START_FAILED', 'result must be object', 'backoff'],
  ['exits-with-config-error', 'PLUGIN_START_FAILED', 'no such rule: sanitise', 'refused'],
  ['too-new', 'PLUGIN_PROTOCOL_UNSUPPORTED', 'the host is too old', 'refused'],
  ['too-old', 'PLUGIN_PROTOCOL_UNSUPPORTED', 'the plugin is too old', 'refused'],
  ['refuses-protocol', 'PLUGIN_PROTOCOL_UNSUPPORTED', 'only protocol 7 here', 'refused'],
  ['declines', 'PLUGIN_DECLINED', 'git is not installed', 'refused'],
] as const)('Life fails the start and the calls that wait for it when the plugin %s', async ([fixture, code, text, state]) => {
  const rig = rigOf(fixture, { times: { backoffFirstMs: 60_000 } });

  const [reply, other, started] = await Promise.all([rig.call('a'), rig.call('b'), rig.plugin.start()]);

  expect(failureOf(reply)).toEqual({ code, message: expect.stringContaining(text) });
  expect([failureOf(other), started]).toEqual([failureOf(reply), failureOf(reply)]);
  expect(rig.plugin.status()).toMatchObject({ state, starts: 1 });
});

test('Life kills a plugin that never answers the handshake, at the start deadline', async () => {
  const rig = rigOf('never-answers-hello', { spec: { startDeadlineMs: 1_000 }, times: { backoffFirstMs: 60_000 } });
  const waiting = rig.call('a');
  await rig.state('starting');
  const { pid } = rig.plugin.status();

  expect(failureOf(await waiting)).toEqual({
    code: 'PLUGIN_START_TIMEOUT',
    message: expect.stringMatching(
      /^Cannot start plugin "never-answers-hello": no hello within 1000 ms; nothing came on its stdout, .*; last stderr line was "still thinking"$/,
    ),
  });
  await waitUntil(() => !isAlive(pid as number), 'the process to be gone');
  await waitUntil(() => rig.plugin.status().lastExit?.signal === 'SIGKILL', 'the last exit to be known');
});

test('Life keeps no deadline for a plugin that is being inspected', async () => {
  const rig = rigOf('starts-slowly', { spec: { inspect: true, startDeadlineMs: 10 } });

  const reply = rig.call('a', { timeoutMs: 1, deadline: 0 });
  await waitUntil(() => rig.logs.some(({ message }) => message === 'waiting'), 'the plugin to wait');
  const since = rig.timers.now();
  await waitUntil(() => rig.timers.now() > since + 100, 'the deadline to be over');
  process.kill(rig.plugin.status().pid as number, 'SIGUSR2');

  expect(await reply).toMatchObject({ ok: true });
});

test('Life explains a command that cannot be started', async () => {
  const launch = { plugin: 'ghost', command: '/no/such/ghost', args: ['--boo'], cwd: '/', env: {} };
  const rig = rigOf('ghost', { spec: { launch } });

  expect(failureOf(await rig.call('a'))).toEqual({
    code: 'PLUGIN_START_FAILED',
    message:
      'Cannot start plugin "ghost": "/no/such/ghost --boo" in "/" could not be started: spawn /no/such/ghost ENOENT; there is no file "/no/such/ghost"',
  });
});

test('Life fails a call at the moment of the crash, with exit and last words, and the next call works', async () => {
  const rig = rigOf('crashes-in-hook');

  const reply = await rig.call('a');
  const second = await rig.call('b');

  expect(failureOf(reply).message).toBe(
    'Cannot get an answer from plugin "crashes-in-hook": its process exited with code 1; last stderr line was "index out of range"',
  );
  expect(second).toMatchObject({ ok: false, failure: { code: 'PLUGIN_EXITED' } });
  expect(rig.plugin.status()).toMatchObject({
    starts: 2,
    restarts: 1,
    lastExit: { death: 'crash', code: 1, stderr: ['index out of range'] },
  });
});

test('Life starts a plugin again that was killed with SIGKILL while it handled an event', async () => {
  const rig = rigOf('ignores-one-event');
  const stuck = rig.call('stuck');
  await waitUntil(() => rig.plugin.status().inFlight === 1, 'the call to be in flight');
  const { pid } = rig.plugin.status();

  kill(rig);

  expect(failureOf(await stuck)).toEqual({ code: 'PLUGIN_EXITED', message: expect.stringContaining('was ended by SIGKILL') });
  const next = await rig.call('next');
  expect(next).toMatchObject({ ok: true, coldStart: true });
  expect(next.pid).not.toBe(pid);
});

test('Life settles a call at once although a grandchild holds the pipes, and kills the grandchild', async () => {
  const rig = rigOf('leaves-grandchild');

  const reply = await rig.call('a');

  expect(failureOf(reply).message).toContain('exited with code 1');
  const grandchild = Number(rig.plugin.status().lastExit?.stderr.at(-1));
  expect(grandchild).toBeGreaterThan(1);
  await waitUntil(() => !isAlive(grandchild), 'the grandchild to be dead');
});

test('Life takes an exit between two events for harmless and starts again at the next event', async () => {
  const rig = rigOf('exits-after-answer');

  for (const event of ['a', 'b', 'c']) {
    expect(await rig.call(event)).toMatchObject({ ok: true, coldStart: true });
    await rig.state('stopped');
  }

  expect(rig.plugin.status()).toMatchObject({ starts: 3, restarts: 0, lastExit: { death: 'clean', code: 0 }, failed: {} });
});

test('Life kills and replaces a hung plugin at once', async () => {
  const rig = rigOf('ignores-one-event');
  const bystander = rig.call('bystander');
  const stuck = await rig.call('stuck', { timeoutMs: 100 });
  const { pid } = rig.plugin.status();

  expect(failureOf(stuck).code).toBe('PLUGIN_TIMEOUT');
  expect(failureOf(await bystander)).toEqual({ code: 'PLUGIN_HUNG', message: expect.stringContaining('event "stuck"') });
  await rig.state('ready');
  expect(rig.plugin.status()).toMatchObject({ starts: 2, lastExit: { death: 'hung' } });
  expect(isAlive(pid as number)).toBe(false);
});

test.for([
  ['pollutes-stdout', 'PLUGIN_POLLUTED'],
  ['closes-stdout', 'PLUGIN_EXITED'],
] as const)('Life kills a plugin that %s', async ([fixture, code]) => {
  const rig = rigOf(fixture, { times: { backoffFirstMs: 60_000 } });

  expect(failureOf(await rig.call('a')).code).toBe(code);

  expect(rig.plugin.status()).toMatchObject({ state: 'backoff', lastExit: { death: 'protocol' }, failed: { [code]: 1 } });
});

test('Life lets a call wait for the next start when that comes in time, and fails it at once when not', async () => {
  const rig = rigOf('crashes-in-hook', { times: { backoffFirstMs: 2_000 } });
  await rig.call('a');

  const hurried = failureOf(await rig.call('b', { timeoutMs: 500 }));
  const late = failureOf(await rig.call('c', { deadline: rig.timers.now() + 500 }));
  const started = await rig.plugin.start();
  const patient = rig.call('d', { timeoutMs: 9_000 });

  expect([hurried.code, late.code, started?.code]).toEqual(['PLUGIN_BACKING_OFF', 'PLUGIN_BACKING_OFF', 'PLUGIN_BACKING_OFF']);
  expect(hurried.message).toContain('index out of range');
  expect(rig.plugin.status()).toMatchObject({ state: 'backoff', starts: 1, queued: 1 });
  expect(rig.plugin.status().nextStartMs).toBeGreaterThan(0);
  expect(failureOf(await patient).code).toBe('PLUGIN_EXITED');
  expect(rig.plugin.status().starts).toBe(2);
});

test('Life rests after a back-off when nobody needs the plugin', async () => {
  const rig = rigOf('crashes-in-hook');
  await rig.call('a');

  await rig.state('stopped');

  expect(rig.plugin.status()).toMatchObject({ starts: 1, nextStartMs: undefined });
});

test('Life starts an eager plugin again by itself', async () => {
  const rig = rigOf('echoes', { spec: { activation: 'eager' } });
  expect(await rig.plugin.start()).toBeUndefined();

  kill(rig);

  await waitUntil(() => rig.plugin.status().starts === 2 && rig.plugin.status().state === 'ready', 'the second process');
});

test('Life quarantines a plugin at its sixth failure, until restart()', async () => {
  const rig = rigOf('exits-before-hello', { times: { backoffFirstMs: 1 } });

  for (let failure = 1; failure <= 6; failure++) expect(failureOf(await rig.call(`e${failure}`)).code).toBe('PLUGIN_START_FAILED');

  expect(rig.plugin.status()).toMatchObject({ state: 'quarantined', starts: 6 });
  expect(failureOf(await rig.call('next'))).toEqual({ code: 'PLUGIN_QUARANTINED', message: expect.stringContaining('no licence file') });
  expect((await rig.plugin.start())?.code).toBe('PLUGIN_QUARANTINED');
  expect(rig.plugin.notify('"event":"n"')?.code).toBe('PLUGIN_QUARANTINED');
  expect((await rig.plugin.restart())?.code).toBe('PLUGIN_START_FAILED');
  expect(rig.plugin.status()).toMatchObject({ starts: 7, state: 'backoff' });
});

test('Life lets a quarantined plugin try once when the cool-down is over', async () => {
  const rig = rigOf('exits-before-hello', { times: { backoffFirstMs: 1, cooldownMs: 50 } });
  for (let failure = 1; failure <= 6; failure++) await rig.call(`e${failure}`);
  expect(rig.states.at(-1)).toBe('quarantined');
  await rig.state('stopped');

  expect(failureOf(await rig.call('trial')).code).toBe('PLUGIN_START_FAILED');

  expect(rig.states.slice(-3)).toEqual(['stopped', 'starting', 'quarantined']);
});

test('Life gives a refused plugin another chance at restart()', async () => {
  const rig = rigOf('declines');
  await rig.call('a');
  expect(failureOf(await rig.call('b')).code).toBe('PLUGIN_DECLINED');
  expect(rig.plugin.status().starts).toBe(1);

  expect((await rig.plugin.restart())?.code).toBe('PLUGIN_DECLINED');

  expect(rig.plugin.status().starts).toBe(2);
});

test('Life replaces a running process at restart(), and calls of that time are answered by the new one', async () => {
  const rig = rigOf('echoes');
  const { pid } = await rig.call('a');

  const restarted = rig.plugin.restart();
  const during = rig.call('b');

  expect(await restarted).toBeUndefined();
  const reply = await during;
  expect(reply).toMatchObject({ ok: true });
  expect(reply.pid).not.toBe(pid);
  expect(rig.plugin.status()).toMatchObject({ starts: 2, restarts: 0, lastExit: { death: 'requested', code: 0 } });
});

test('Life stops an idle plugin, and not one with a call in flight', async () => {
  const rig = rigOf('ignores-one-event', { spec: { idleStopMs: 100 } });
  const stuck = rig.call('stuck', { timeoutMs: 400 });
  await rig.call('a');

  expect(failureOf(await stuck).code).toBe('PLUGIN_TIMEOUT');
  await rig.state('stopped');

  expect(rig.plugin.status()).toMatchObject({ starts: 2, lastExit: { death: 'idle', code: 0 } });
  expect(await rig.call('b')).toMatchObject({ ok: true, coldStart: true });
});
