import { afterEach, expect, test } from 'vitest';
import { Timers } from '../../../host/process/timers.ts';
import { waitUntil } from '../../support/wait-until.ts';

let timers = new Timers();
afterEach(() => {
  timers.close();
  timers = new Timers();
});

test('after() runs once and never early on its own clock', async () => {
  const started = timers.now();
  const ran: number[] = [];
  timers.after(25, () => ran.push(timers.now()));

  await waitUntil(() => ran.length > 0, 'the timer to run');
  await after(60);

  expect(ran).toHaveLength(1);
  expect((ran[0] ?? 0) - started).toBeGreaterThanOrEqual(25);
});

test('after() runs timers in the order in which they are due', async () => {
  const ran: string[] = [];
  timers.after(80, () => ran.push('third'));
  timers.after(40, () => ran.push('second'));
  timers.after(0, () => ran.push('first'));

  await waitUntil(() => ran.length === 3, 'all timers to run');

  expect(ran).toEqual(['first', 'second', 'third']);
});

test('after() from inside a timer runs in a later tick', async () => {
  const ran: string[] = [];
  timers.after(0, () => timers.after(0, () => ran.push('inner')));

  await waitUntil(() => ran.length === 1, 'the inner timer to run');

  expect(ran).toEqual(['inner']);
});

test('arm() wakes what it is given, once for each time it is armed', async () => {
  const woken: number[] = [];
  const sleeper = { slot: 0, run: () => void woken.push(timers.now()) };
  const at = timers.now() + 25;

  timers.arm(sleeper, at);
  await waitUntil(() => woken.length === 1, 'the first time');
  timers.arm(sleeper, timers.now());
  await waitUntil(() => woken.length === 2, 'the second time');
  timers.arm(sleeper, timers.now());
  timers.cancel(sleeper);
  await after(60);

  expect(woken).toHaveLength(2);
  expect(woken[0]).toBeGreaterThanOrEqual(at);
});

test('recent() is never ahead of now(), and about a tick behind at most', async () => {
  const idle = timers.recent();
  expect(idle).toBeLessThanOrEqual(timers.now());
  let ran = false;
  timers.after(100, () => {
    ran = true;
  });
  const gaps: number[] = [];
  await waitUntil(() => {
    const recent = timers.recent();
    gaps.push(timers.now() - recent);
    return ran;
  }, 'the timer to run');

  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(30);
});

test('after() with Infinity never fires and holds nothing', () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

  const timer = timers.after(Number.POSITIVE_INFINITY, () => expect.unreachable());
  timers.cancel(timer);

  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
});

test('cancel() stops a timer, and does no harm twice or after it ran', async () => {
  const ran: string[] = [];
  const cancelled = timers.after(10, () => ran.push('cancelled'));
  const kept = timers.after(20, () => ran.push('kept'));

  timers.cancel(cancelled);
  timers.cancel(cancelled);
  await waitUntil(() => ran.length > 0, 'the other timer to run');
  timers.cancel(kept);
  await after(30);

  expect(ran).toEqual(['kept']);
});

test('now() stands still while the loop is blocked, and a timer waits for what arrived in the meantime', async () => {
  const order: string[] = [];
  timers.after(100, () => order.push('timer'));
  const started = timers.now();

  block(300);
  setImmediate(() => order.push('read'));
  const counted = timers.now() - started;
  await waitUntil(() => order.includes('timer'), 'the timer to run');

  expect(counted).toBeLessThan(100);
  expect(order).toEqual(['read', 'timer']);
  expect(timers.now() - started).toBeGreaterThanOrEqual(100);
});

test('now() never goes back, blocked or not', async () => {
  const seen = [timers.now()];
  const read = () => seen.push(timers.now());
  timers.after(200, () => undefined);
  for (const ms of [5, 45, 15, 70]) {
    block(ms);
    read();
    await new Promise((resolve) => setImmediate(resolve));
    read();
  }

  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test('a timer that throws does not take the others of its tick with it', async () => {
  const ran: string[] = [];
  const thrown: unknown[] = [];
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  timers.after(0, () => {
    throw new Error('from a timer');
  });
  timers.after(0, () => ran.push('other'));

  await waitUntil(() => ran.length > 0, 'the other timer to run');
  process.removeAllListeners('uncaughtException');
  for (const listener of others) process.on('uncaughtException', listener);

  expect(thrown).toHaveLength(1);
});

test('close() leaves no timer behind', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  timers.after(1000, () => expect.unreachable());

  timers.close();
  timers.after(0, () => expect.unreachable());

  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
});

test('the ticker stops by itself when no timer is left', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  timers.cancel(timers.after(1000, () => expect.unreachable()));

  await waitUntil(() => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length <= before + 1, 'the ticker to stop');

  expect(timers.now()).toBeGreaterThan(0);
});

/** Waits on the timers' own clock. */
function after(ms: number): Promise<void> {
  return new Promise((resolve) => timers.after(ms, resolve));
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
