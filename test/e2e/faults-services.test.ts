import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, statusOf, withHost } from './faults-host.ts';

test('a plugin that sends 1 000 requests at once gets SERVICE_BUSY for all but 64, and its answer settles', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let served = 0;
  const services = {
    'tasks/wait': async () => {
      served++;
      await released;
      return { done: true };
    },
  };
  await withHost({ 'asks-too-much': {}, 'adds-tag': {} }, { services }, async (host) => {
    const emitted = host.emit('app.save', document());
    await waitUntil(() => statusOf(host, 'asks-too-much').connection.servicesRefused === 936, '936 requests to be refused');
    release();
    const outcome = await emitted;

    expect(answerOf(outcome, 'asks-too-much')).toMatchObject({ status: 'continued', metadata: { ok: 64, SERVICE_BUSY: 936 } });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(served).toBe(64);
    expect(statusOf(host, 'asks-too-much').starts).toBe(1);
  });
});

test('a plugin without permissions gets a typed error for each service, and nothing is served', async () => {
  let served = 0;
  const services = { 'tasks/wait': () => served++ };
  await withHost({ 'asks-without-permission': {}, 'adds-tag': {} }, { services }, async (host) => {
    const outcome = await host.emit('app.save', document());

    const denied = [-32001, 'PERMISSION_DENIED'];
    expect(answerOf(outcome, 'asks-without-permission').metadata).toEqual({
      'storage/set': denied,
      'secret/get': denied,
      'hook/emit': denied,
      'tasks/wait': denied,
      'no/such': [-32601, 'METHOD_UNKNOWN'],
    });
    expect(served).toBe(0);
    expect(outcome.payload.tags).toEqual(['good']);
  });
});

test('a plugin whose grant leaves a service out does not get what its manifest asks for', async () => {
  let served = 0;
  const services = { 'tasks/wait': () => served++ };
  await withHost({ 'asks-too-much': { grant: { services: [] } } }, { services }, async (host) => {
    const outcome = await host.emit('app.save', document());

    const { PERMISSION_DENIED = 0, SERVICE_BUSY = 0 } = answerOf(outcome, 'asks-too-much').metadata as Record<string, number>;
    expect(PERMISSION_DENIED).toBeGreaterThan(0);
    expect(PERMISSION_DENIED + SERVICE_BUSY).toBe(1000);
    expect(served).toBe(0);
  });
});

test('hook/emit refuses a circle and names it', async () => {
  await withHost({ 'emits-again': {}, 'adds-tag': {} }, { traceCapacity: 100 }, async (host) => {
    const direct = await host.emit('app.save', document('app.save'));
    const detour = await host.emit('app.save', document('app.lookup app.save'));
    await waitUntil(() => host.traces().length === 3, 'three events to be over');

    const answer = answerOf(direct, 'emits-again');
    expect(answer.metadata).toMatchObject({ code: 'EMIT_CYCLE' });
    expect(answer.metadata?.['message']).toContain('app.save → app.save');
    expect(answerOf(detour, 'emits-again').metadata).toEqual({ status: 'continued' });
    const inner = host.traces().find(({ parent }) => parent === detour.event);
    expect(inner?.answers[0]?.metadata).toMatchObject({ code: 'EMIT_CYCLE' });
    expect(inner?.answers[0]?.metadata?.['message']).toContain('app.save → app.lookup → app.save');
    expect([direct.payload.tags, detour.payload.tags]).toEqual([['good'], ['good']]);
  });
});

test('hook/emit refuses events nested deeper than the limit', async () => {
  await withHost({ 'emits-again': {} }, { limits: { emitDepth: 1 } }, async (host) => {
    const outcome = await host.emit('app.save', document('app.lookup app.check'));

    const inner = host.traces().find(({ parent }) => parent === outcome.event);
    expect(answerOf(outcome, 'emits-again').metadata).toEqual({ status: 'continued' });
    expect(inner?.answers[0]?.metadata).toMatchObject({ code: 'EMIT_TOO_DEEP' });
  });
});

test('storage over the quota is refused and what was stored stands', async () => {
  await withHost({ 'fills-storage': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(answerOf(outcome, 'fills-storage').metadata).toEqual({ heard: [{}, 'QUOTA_EXCEEDED', { value: 'small' }] });
    expect(outcome.payload.tags).toEqual(['good']);
  });
});
