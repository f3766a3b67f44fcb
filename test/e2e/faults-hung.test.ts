import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, isAlive, statusOf, withHost } from './faults-host.ts';

test('emit() gives up a plugin that hangs at its timeout; after the grace it is killed, replaced and answers again', async () => {
  await withHost({ hangs: { timeoutMs: 200 }, 'adds-tag': {} }, {}, async (host) => {
    await host.emit('app.save', document('warm'));
    const hung = await host.emit('app.save', document());
    const { pid } = answerOf(hung, 'hangs');
    await waitUntil(() => statusOf(host, 'hangs').lastExit?.death === 'hung', 'the plugin to be killed');
    await waitUntil(async () => !(await isAlive(pid)), 'its process to be gone');
    const next = await host.emit('app.save', document('fine'));

    expect(answerOf(hung, 'hangs')).toMatchObject({ status: 'failed', code: 'PLUGIN_TIMEOUT', failOpen: true });
    expect(hung.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'hangs').status).toBe('continued');
    expect(answerOf(next, 'hangs').pid).not.toBe(pid);
    expect(statusOf(host, 'hangs')).toMatchObject({ state: 'ready', starts: 2, failed: { PLUGIN_TIMEOUT: 1 } });
  });
});

test('a plugin that hangs takes only its own calls with it, each with a code that says so', async () => {
  await withHost({ hangs: { timeoutMs: 200 }, 'adds-tag': {} }, {}, async (host) => {
    await host.emit('app.save', document('warm'));
    const first = host.emit('app.save', document());
    await waitUntil(() => (statusOf(host, 'hangs').failed.PLUGIN_TIMEOUT ?? 0) === 1, 'the first call to be given up');
    const second = await host.emit('app.save', document());

    expect(answerOf(await first, 'hangs').code).toBe('PLUGIN_TIMEOUT');
    expect(['PLUGIN_TIMEOUT', 'PLUGIN_HUNG']).toContain(answerOf(second, 'hangs').code);
    expect(second.payload.tags).toEqual(['good']);
    expect(statusOf(host, 'adds-tag')).toMatchObject({ starts: 1, failed: {} });
  });
});

test('a call that is in flight when its plugin is killed as hung fails with PLUGIN_HUNG', async () => {
  const hooks = { 'app.save': { timeoutMs: 200 } };
  await withHost({ 'never-answers': { hooks } }, {}, async (host) => {
    const outcomes = await Promise.all([host.emit('app.save', document()), host.emit('app.check', document())]);

    expect(outcomes.map((outcome) => answerOf(outcome, 'never-answers').code)).toEqual(['PLUGIN_TIMEOUT', 'PLUGIN_HUNG']);
  });
});

test('emit() is decided by the quick plugin of a concurrent stage while the other hangs', async () => {
  const concurrent = { mode: 'concurrent', onFailure: 'ignore' } as const;
  await withHost({ hangs: concurrent, blocks: concurrent }, {}, async (host) => {
    await Promise.all([host.emit('app.save', document('warm'))]);
    const outcome = await host.emit('app.save', document());
    await waitUntil(() => statusOf(host, 'hangs').lastExit?.death === 'hung', 'the plugin that ignored its cancellation to be killed');
    const next = await host.emit('app.save', document('fine'));

    expect(outcome).toMatchObject({ status: 'blocked', by: 'blocks', cause: 'verdict', violation: { code: 'NO' } });
    expect(answerOf(outcome, 'hangs').status).toBe('cancelled');
    expect(answerOf(next, 'hangs').status).toBe('continued');
    expect(host.stats().failOpens).toEqual({});
  });
});

test('the circuit breaker spares a plugin that hangs every time', async () => {
  await withHost({ 'never-answers': { timeoutMs: 50 }, 'adds-tag': {} }, {}, async (host) => {
    const codes = [];
    for (let round = 0; round < 7; round++) codes.push(answerOf(await host.emit('app.save', document()), 'never-answers').code);

    expect(codes.slice(0, 5)).not.toContain('PLUGIN_BREAKER_OPEN');
    expect(codes.slice(5)).toEqual(['PLUGIN_BREAKER_OPEN', 'PLUGIN_BREAKER_OPEN']);
    expect(statusOf(host, 'adds-tag').answered).toBe(7);
  });
});
