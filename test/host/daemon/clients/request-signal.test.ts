import { expect, test } from 'vitest';
import { RequestSignal } from '../../../../host/daemon/clients/request-signal.ts';

test('abort() tells each listener once, and those that left not at all', () => {
  const signal = new RequestSignal();
  const told: string[] = [];
  const left = (): void => void told.push('left');
  signal.addEventListener('abort', () => told.push('first'));
  signal.addEventListener('abort', left);
  signal.addEventListener('abort', () => told.push(`second, aborted ${signal.aborted}`));
  signal.removeEventListener('abort', left);

  signal.abort();
  signal.abort();

  expect(told).toEqual(['first', 'second, aborted true']);
});

test('asAbortSignal is one signal that is aborted with it, also when it is asked for later', () => {
  const signal = new RequestSignal();
  const early = signal.asAbortSignal;
  expect([early.aborted, signal.asAbortSignal === early]).toEqual([false, true]);
  const late = new RequestSignal();

  signal.abort();
  late.abort();

  expect([early.aborted, late.asAbortSignal.aborted]).toEqual([true, true]);
});

test('a listener that left leaves its place to the next one', () => {
  const signal = new RequestSignal();
  const told: string[] = [];
  const left = (): void => void told.push('left');
  signal.addEventListener('abort', left);
  signal.removeEventListener('abort', left);
  signal.addEventListener('abort', () => told.push('next'));
  signal.abort();
  expect(told).toEqual(['next']);
});
