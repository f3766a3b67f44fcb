import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FinishedEvent } from '../../../../host/daemon/metrics/finished-event.ts';
import { DRAFT, Hosts } from '../../../support/hosts.ts';

let hosts: Hosts;

beforeEach(() => {
  hosts = new Hosts();
});

afterEach(() => hosts.close());

test('watch() tells of every event when it is over, and of each call in it', async () => {
  const host = await hosts.open({ 'adds-tag': {}, 'crashes-in-hook': { hooks: { 'app.save': { onFailure: 'ignore' } } } });
  const seen: FinishedEvent[] = [];
  const stop = host.watch((event) => seen.push(event));

  const outcome = await host.emit('app.save', { ...DRAFT, title: 'sin' });
  stop();
  await host.emit('app.save', DRAFT);

  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ event: outcome.event, hook: 'app.save', status: 'continued', time: expect.any(Number) });
  expect(seen[0]?.calls).toMatchObject([
    { plugin: 'crashes-in-hook', status: 'failed', code: outcome.failOpens[0]?.code },
    { plugin: 'adds-tag', status: 'modified' },
  ]);
  expect(seen[0]?.read()).toEqual(outcome.trace);
});

test('watch() tells who decided, and of an event that was cancelled', async () => {
  const host = await hosts.open({ blocks: {} });
  const seen: FinishedEvent[] = [];
  host.watch((event) => seen.push(event));
  await host.emit('app.save', DRAFT);
  await host.emit('app.save', DRAFT, { signal: AbortSignal.abort() }).catch(() => undefined);
  expect(seen).toMatchObject([{ status: 'blocked', by: 'blocks' }, { status: 'cancelled' }]);
});

test('a watcher that throws costs nobody the outcome', async () => {
  const host = await hosts.open({ 'adds-tag': {} });
  host.watch(() => {
    throw new Error('not mine');
  });
  expect((await host.emit('app.save', DRAFT)).status).toBe('continued');
});
