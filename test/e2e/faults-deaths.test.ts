import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, groupOf, isAlive, statusOf, withHost } from './faults-host.ts';

test('emit() settles a call at once when the plugin crashes in it, and the plugin is back for the next event', async () => {
  await withHost({ 'crashes-in-hook': {}, 'adds-tag': {} }, {}, async (host) => {
    const crashed = await host.emit('app.save', document());
    const next = await host.emit('app.save', document('fine'));

    const answer = answerOf(crashed, 'crashes-in-hook');
    expect(answer).toMatchObject({ status: 'failed', code: 'PLUGIN_EXITED', attempts: 1 });
    expect(answer.message).toContain('exited with code 3');
    expect(answer.message).toContain('my head is full');
    expect(crashed.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'crashes-in-hook')).toMatchObject({ status: 'continued', coldStart: true });
    expect(statusOf(host, 'crashes-in-hook')).toMatchObject({ state: 'ready', starts: 2, restarts: 1, failed: { PLUGIN_EXITED: 1 } });
  });
});

test('emit() tries an idempotent event once more, and sets it aside as poison when it kills the plugin twice', async () => {
  await withHost({ 'crashes-in-hook': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.lookup', document());
    const next = await host.emit('app.lookup', document('fine'));

    expect(answerOf(outcome, 'crashes-in-hook')).toMatchObject({ status: 'failed', code: 'EVENT_POISONED', attempts: 2 });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'crashes-in-hook').status).toBe('continued');
    expect(statusOf(host, 'crashes-in-hook')).toMatchObject({ starts: 3, restarts: 2, poisonedEvents: [outcome.event] });
  });
});

test('emit() fails only the events that were in flight when the plugin died', async () => {
  await withHost({ 'crashes-in-hook': {} }, {}, async (host) => {
    await host.emit('app.save', document('warm'));
    const titles = ['sin', 'a', 'b', 'c'];
    const outcomes = await Promise.all(titles.map((title) => host.emit('app.save', document(title))));
    const after = await host.emit('app.save', document('after'));

    expect(outcomes.map((outcome) => answerOf(outcome, 'crashes-in-hook').code)).toEqual(titles.map(() => 'PLUGIN_EXITED'));
    expect(answerOf(after, 'crashes-in-hook').status).toBe('continued');
  });
});

test('emit() starts a plugin again that exits between two events, without calling it a failure', async () => {
  await withHost({ 'exits-between-hooks': {}, 'adds-tag': {} }, {}, async (host) => {
    for (const round of [1, 2, 3]) {
      const outcome = await host.emit('app.save', document());
      await waitUntil(() => statusOf(host, 'exits-between-hooks').state === 'stopped', 'the plugin to be gone');

      expect(answerOf(outcome, 'exits-between-hooks')).toMatchObject({ status: 'continued', coldStart: true, attempts: 1 });
      expect(statusOf(host, 'exits-between-hooks')).toMatchObject({ starts: round, restarts: 0, failed: {}, lastExit: { death: 'clean' } });
    }
  });
});

test('emit() settles a call when the plugin is gone, although a grandchild holds its pipes, and ends the grandchild', async () => {
  await withHost({ 'leaves-grandchild': {}, 'adds-tag': {} }, {}, async (host) => {
    const emitted = host.emit('app.save', document());
    await waitUntil(() => statusOf(host, 'leaves-grandchild').pid !== undefined, 'the plugin to start');
    const { pid } = statusOf(host, 'leaves-grandchild');
    const outcome = await emitted;

    expect(answerOf(outcome, 'leaves-grandchild')).toMatchObject({ status: 'failed', code: 'PLUGIN_EXITED', pid });
    expect(outcome.payload.tags).toEqual(['good']);
    await waitUntil(async () => (await groupOf(pid)).length === 0, 'the grandchild to be gone');
  });
});

test('close() ends a plugin that ignores shutdown, end of file and SIGTERM', async () => {
  let pid: number | undefined;
  await withHost({ 'ignores-sigterm': { timeoutMs: 1000 }, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());
    pid = statusOf(host, 'ignores-sigterm').pid;
    expect(answerOf(outcome, 'ignores-sigterm').status).toBe('continued');
    await host.close();
    expect(statusOf(host, 'ignores-sigterm')).toMatchObject({ state: 'stopped', lastExit: { death: 'requested', signal: 'SIGKILL' } });
  });
  expect(pid).toBeTypeOf('number');
  expect(await groupOf(pid)).toEqual([]);
});

test('close() settles calls in flight and ends children of plugins', async () => {
  let pids: (number | undefined)[] = [];
  await withHost({ 'keeps-grandchild': {}, hangs: {} }, {}, async (host) => {
    await host.emit('app.save', document('fine'));
    const hanging = host.emit('app.save', document()).catch((error: unknown) => error);
    pids = ['keeps-grandchild', 'hangs'].map((name) => statusOf(host, name).pid);
    expect((await groupOf(pids[0])).length).toBe(2);
    await waitUntil(() => statusOf(host, 'hangs').inFlight === 1, 'the call to be in flight');
    await host.close();

    expect(await hanging).toMatchObject({ code: 'HOST_STOPPED' });
    const [trace] = host.traces().slice(-1);
    expect(trace?.answers.find(({ plugin }) => plugin === 'hangs')).toMatchObject({ status: 'failed', code: 'PLUGIN_STOPPED' });
    await expect(host.emit('app.save', document())).rejects.toMatchObject({ code: 'HOST_STOPPED' });
  });
  for (const pid of pids) {
    expect(await isAlive(pid)).toBe(false);
    expect(await groupOf(pid)).toEqual([]);
  }
});
