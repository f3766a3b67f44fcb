import { expect, test } from 'vitest';
import { hungFailure, poisonFailure, refusalOf, type Situation, stoppedFailure } from '../../../host/supervisor/refusal.ts';

const situation: Situation = {
  plugin: 'redact',
  state: 'backoff',
  isClosed: false,
  refusal: undefined,
  nextStartMs: 200,
  lastExit: undefined,
};

test('refusalOf() lets a call wait for a start that comes in time', () => {
  expect(refusalOf(situation, 300)).toBeUndefined();
  expect(refusalOf({ ...situation, state: 'quarantined' }, 300)).toBeUndefined();
  expect(refusalOf({ ...situation, state: 'stopped', nextStartMs: undefined }, 0)).toBeUndefined();
});

test('refusalOf() says when the next start is and why it must wait', () => {
  const lastExit = { code: 1, time: '', death: 'crash', message: 'it exited with code 1', stderr: [] } as const;

  const backoff = refusalOf({ ...situation, lastExit }, 100);
  const quarantined = refusalOf({ ...situation, state: 'quarantined' }, 100);

  expect(backoff).toEqual({
    code: 'PLUGIN_BACKING_OFF',
    message:
      'Cannot call plugin "redact": it failed and is started again in 200 ms, later than the call may wait; the last process ended so: it exited with code 1',
  });
  expect(quarantined?.code).toBe('PLUGIN_QUARANTINED');
});

test('refusalOf() repeats why a plugin is refused, and refuses everything once closed', () => {
  const refusal = { code: 'PLUGIN_DECLINED', message: 'No git here' } as const;

  expect(refusalOf({ ...situation, state: 'refused', refusal }, 1_000_000)).toBe(refusal);
  expect(refusalOf({ ...situation, isClosed: true }, 1_000_000)?.code).toBe('PLUGIN_STOPPED');
});

test('hungFailure(), poisonFailure() and stoppedFailure() name plugin and event', () => {
  expect(hungFailure('redact', 'e1')).toMatchObject({ code: 'PLUGIN_HUNG', message: expect.stringContaining('event "e1"') });
  expect(poisonFailure('redact', 'e1')).toMatchObject({
    code: 'EVENT_POISONED',
    message: expect.stringContaining('"e1" to plugin "redact"'),
  });
  expect(stoppedFailure('redact')).toMatchObject({ code: 'PLUGIN_STOPPED', message: expect.stringContaining('"redact"') });
});
