import { expect, test } from 'vitest';
import { failureOf, rigOf } from '../../support/supervise.ts';

test('settleLost() tries an idempotent call once more on a fresh process', async () => {
  const rig = rigOf('crashes-at-first-attempt');

  const reply = await rig.call('a', { idempotent: true });

  expect(reply).toMatchObject({ ok: true, attempts: 2, coldStart: true });
  expect(rig.plugin.status()).toMatchObject({ starts: 2, poisonedEvents: [] });
});

test('settleLost() does not try a call again that is not idempotent', async () => {
  const rig = rigOf('crashes-at-first-attempt');

  expect(await rig.call('a')).toMatchObject({ ok: false, attempts: 1, failure: { code: 'PLUGIN_EXITED' } });
});

test('settleLost() does not try again when the next start comes too late for the call', async () => {
  const rig = rigOf('crashes-at-first-attempt', { times: { backoffFirstMs: 60_000 } });

  expect(await rig.call('a', { idempotent: true })).toMatchObject({ ok: false, attempts: 1, failure: { code: 'PLUGIN_EXITED' } });
});

test('settleLost() sets an event aside that killed the plugin twice', async () => {
  const rig = rigOf('crashes-on-poison');

  const reply = await rig.call('poison', { idempotent: true });
  const again = await rig.call('poison', { idempotent: true });

  expect(reply).toMatchObject({ ok: false, attempts: 2, failure: { code: 'EVENT_POISONED' } });
  expect(failureOf(reply).message).toContain('exited with code 1');
  expect(again).toMatchObject({ ok: false, attempts: 0, failure: { code: 'EVENT_POISONED' } });
  expect(rig.plugin.status()).toMatchObject({ starts: 2, poisonedEvents: ['poison'], failed: { EVENT_POISONED: 2 } });
});

test('settleLost() blames the right one of several: suspects are tried again one by one', async () => {
  const rig = rigOf('crashes-on-poison');

  const events = ['a', 'poison', 'b'];
  const replies = await Promise.all(events.map((event) => rig.call(event, { idempotent: true })));

  expect(replies.map((reply) => (reply.ok ? 'ok' : reply.failure.code))).toEqual(['ok', 'EVENT_POISONED', 'ok']);
  expect(rig.plugin.status()).toMatchObject({ starts: 3, poisonedEvents: ['poison'] });
});

test('settleLost() tries a bystander of a hung process again', async () => {
  const rig = rigOf('ignores-one-event');

  const [bystander, stuck] = await Promise.all([rig.call('bystander', { idempotent: true }), rig.call('stuck', { timeoutMs: 100 })]);

  expect(bystander).toMatchObject({ ok: true, attempts: 2 });
  expect(failureOf(stuck).code).toBe('PLUGIN_TIMEOUT');
});
