import { afterEach, expect, test } from 'vitest';
import { LogGate } from '../../../host/process/log-gate.ts';
import { Timers } from '../../../host/process/timers.ts';
import { waitUntil } from '../../support/wait-until.ts';

const timers = new Timers();
afterEach(() => timers.close());

test('take() lets a burst of one second’s worth pass, then no more until time has passed', async () => {
  const gate = new LogGate(20, timers);
  const burst = Array.from({ length: 22 }, () => gate.take());

  expect(burst.filter((passed) => passed)).toHaveLength(20);
  await waitUntil(() => gate.take(), 'a new token');
});

test('take() lets nothing pass when the limit is 0', () => {
  expect(new LogGate(0, timers).take()).toBe(false);
});

test('drops() knows a log record by its beginning, and only while the gate is shut', () => {
  const gate = new LogGate(1, timers);
  const compact = Buffer.from('{"jsonrpc":"2.0","method":"log","params":{}}');
  const spaced = Buffer.from('{"jsonrpc": "2.0", "method": "log", "params": {}}');
  const answer = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"method":"log"}}');
  expect(gate.drops(compact)).toBe(false);

  gate.take();

  expect([compact, spaced, answer].map((bytes) => gate.drops(bytes))).toEqual([true, true, false]);
});
