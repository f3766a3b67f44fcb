import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, isAlive, statusOf, withHost } from './faults-host.ts';

test('emit() goes on with the other plugins when one exits before the handshake, and says with which last words', async () => {
  await withHost({ 'exits-before-hello': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    const answer = answerOf(outcome, 'exits-before-hello');
    expect(answer).toMatchObject({ status: 'failed', code: 'PLUGIN_START_FAILED', failOpen: true });
    expect(answer.message).toMatch(/exit(ed)? (with )?code 3/);
    expect(answer.message).toContain('cannot find my settings');
    expect(outcome.payload.tags).toEqual(['good']);
    expect(statusOf(host, 'exits-before-hello')).toMatchObject({
      state: expect.stringMatching(/^(backoff|stopped)$/),
      lastExit: { code: 3, death: 'start' },
    });
    expect(host.stats().failOpens).toEqual({ 'exits-before-hello app.save PLUGIN_START_FAILED': 1 });
  });
});

test('emit() fails closed when a plugin that the event must not go on without exits before the handshake', async () => {
  await withHost({ 'exits-before-hello': {}, 'adds-tag': {} }, { onFailure: 'fail' }, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome).toMatchObject({ status: 'blocked', by: 'exits-before-hello', cause: 'failure' });
    expect(outcome.violation?.code).toBe('PLUGIN_START_FAILED');
    expect(outcome.trace.skipped).toEqual([{ plugin: 'adds-tag', reason: 'decided' }]);
  });
});

test('emit() settles at once when a plugin gives no number for the length of its first message', async () => {
  await withHost({ 'bad-first-length': {}, 'adds-tag': {} }, { limits: { startDeadlineMs: 600_000 } }, async (host) => {
    const outcome = await host.emit('app.save', document());

    const answer = answerOf(outcome, 'bad-first-length');
    expect(answer).toMatchObject({ status: 'failed', code: 'MESSAGE_INVALID', failOpen: true });
    expect(answer.message).toContain('Cannot read the first message of plugin "bad-first-length": Content-Length is "undefined"');
    expect(outcome.payload.tags).toEqual(['good']);
  });
});

test('emit() settles at the start deadline when a plugin never answers the handshake, and the process is ended', async () => {
  await withHost({ 'never-answers-hello': {}, 'adds-tag': {} }, { limits: { startDeadlineMs: 400 } }, async (host) => {
    const emitted = host.emit('app.save', document());
    await waitUntil(() => statusOf(host, 'never-answers-hello').pid !== undefined, 'the plugin to start');
    const { pid } = statusOf(host, 'never-answers-hello');
    const outcome = await emitted;

    expect(answerOf(outcome, 'never-answers-hello')).toMatchObject({ status: 'failed', code: 'PLUGIN_START_TIMEOUT' });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(statusOf(host, 'never-answers-hello')).toMatchObject({
      state: expect.stringMatching(/^(backoff|stopped)$/),
      lastExit: { death: 'start' },
    });
    await waitUntil(async () => !(await isAlive(pid)), 'the plugin to be gone');
  });
});

test.each([
  { plugin: 'too-new', which: 'the host is too old', quoted: '99' },
  { plugin: 'too-old', which: 'does not speak protocol', quoted: 'I speak protocol 0 only' },
])('emit() refuses plugin "$plugin" for its protocol version, says why, and does not start it again', async ({ plugin, which, quoted }) => {
  await withHost({ [plugin]: {}, 'adds-tag': {} }, {}, async (host) => {
    const first = await host.emit('app.save', document());
    const second = await host.emit('app.save', document());

    for (const outcome of [first, second]) {
      const answer = answerOf(outcome, plugin);
      expect(answer).toMatchObject({ status: 'failed', code: 'PLUGIN_PROTOCOL_UNSUPPORTED' });
      expect(answer.message).toContain(which);
      expect(answer.message).toContain(quoted);
      expect(outcome.payload.tags).toEqual(['good']);
    }
    expect(statusOf(host, plugin)).toMatchObject({ state: 'refused', starts: 1, lastExit: { death: 'declined' } });
  });
});

test('emit() waits for a plugin that starts slowly: the call timeout counts from when the call is written', async () => {
  const timeoutMs = 500;
  await withHost({ 'starts-slowly': { timeoutMs }, 'adds-tag': {} }, {}, async (host) => {
    const emitted = host.emit('app.save', document('patience'));
    await waitUntil(() => statusOf(host, 'starts-slowly').connection.messagesIn === 1, 'the plugin to wait');
    const since = performance.now();
    await waitUntil(() => performance.now() > since + timeoutMs, 'more than the call timeout to pass');
    process.kill(statusOf(host, 'starts-slowly').pid as number, 'SIGUSR2');
    const outcome = await emitted;

    expect(answerOf(outcome, 'starts-slowly')).toMatchObject({ status: 'continued', coldStart: true, metadata: { title: 'patience' } });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(statusOf(host, 'starts-slowly')).toMatchObject({ state: 'ready', starts: 1, restarts: 0 });
  });
});
