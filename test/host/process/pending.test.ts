import { afterEach, expect, test } from 'vitest';
import { Pending } from '../../../host/process/pending.ts';
import { Timers } from '../../../host/process/timers.ts';
import type { Reply } from '../../../host/process/types.ts';

const failure = { code: 'PLUGIN_STOPPED', message: 'The test is over' } as const;
const good: Reply = { ok: true, result: {}, bytes: 1 };
const open: Timers[] = [];
afterEach(() => {
  for (const timers of open.splice(0)) timers.close();
});

function make(): { pending: Pending; cancels: number[]; replies: Reply[]; add: (id: number, event?: string) => void } {
  const timers = new Timers();
  open.push(timers);
  const cancels: number[] = [];
  const replies: Reply[] = [];
  const pending = new Pending({ plugin: 'p', timers, graceMs: 1000, sendCancel: (id) => cancels.push(id), onHung: () => undefined });
  const add = (id: number, event?: string) => {
    const request = { method: 'm', event, timeoutMs: 1000, deadline: 1e9, settle: (reply: Reply) => void replies.push(reply) };
    pending.add(id, request, { now: timers.now(), waitMs: 1000 });
  };
  return { pending, cancels, replies, add };
}

test('answer() settles once and then says unknown', () => {
  const { pending, replies, add } = make();
  add(1, 'e');

  const never = (): Reply => expect.unreachable();

  expect([pending.answer(1, () => good), pending.answer(1, never), pending.answer(2, good)]).toEqual(['settled', 'unknown', 'unknown']);
  expect(replies).toEqual([good]);
});

test('abandon() settles at once and tells the plugin once; the answer is late', () => {
  const { pending, cancels, replies, add } = make();
  add(1, 'e');

  pending.abandon(1, failure);
  pending.abandon(1, failure);

  expect(pending.hookCalls).toBe(1);
  expect(pending.answer(1, () => good)).toBe('late');
  expect({ cancels, replies }).toEqual({ cancels: [1], replies: [{ ok: false, failure }] });
  expect(pending.hookCalls).toBe(0);
});

test('close() settles what is open, and only that', () => {
  const { pending, replies, add } = make();
  add(1, 'e');
  add(2);
  add(3, 'e');
  pending.abandon(3, failure);

  pending.close(failure);

  expect(replies).toHaveLength(3);
  expect(pending.hookCalls).toBe(0);
});

test('hookCalls counts requests that belong to an event', () => {
  const { pending, add } = make();
  add(1, 'e');
  add(2);

  expect(pending.hookCalls).toBe(1);
});
