import { expect, test } from 'vitest';
import { CallTimes } from '../../../../host/daemon/metrics/call-times.ts';
import type { FinishedCall, FinishedEvent } from '../../../../host/daemon/metrics/finished-event.ts';

function event(...calls: FinishedCall[]): FinishedEvent {
  return { event: 'e', hook: 'app.save', time: 0, durationMs: 1, status: 'continued', calls, read: () => ({}) as never, text: () => '{}' };
}

test('of() tells how long the answers of one plugin took', () => {
  const times = new CallTimes();
  for (const durationMs of [1, 2, 3]) times.watch(event({ plugin: 'a', status: 'continued', startMs: 0, durationMs }));
  expect(times.of('a')).toEqual({ p50Ms: 2, p99Ms: 3 });
  expect(times.of('b')).toBeUndefined();
});

test.each(['failed', 'cancelled', 'delivered'] as const)('of() leaves out a call that was %s: it was no answer', (status) => {
  const times = new CallTimes();
  times.watch(event({ plugin: 'a', status, startMs: 0, durationMs: 1 }));
  expect(times.of('a')).toBeUndefined();
});

test('of() knows no more names than it has room for', () => {
  const times = new CallTimes();
  for (let name = 0; name <= 1000; name++) times.watch(event({ plugin: `p${name}`, status: 'continued', startMs: 0, durationMs: 1 }));
  expect([times.of('p999'), times.of('p1000')]).toEqual([{ p50Ms: 1, p99Ms: 1 }, undefined]);
});
