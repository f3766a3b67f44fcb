import { expect, test } from 'vitest';
import { IdleWatch } from '../../../host/supervisor/idle-watch.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('IdleWatch calls back once when it was quiet for long enough, looking again while it is not', async () => {
  let quietMs = 0;
  let looks = 0;
  let calls = 0;
  const watch = new IdleWatch(
    20,
    () => {
      looks++;
      return quietMs;
    },
    () => {
      calls++;
    },
  );

  watch.start();
  await waitUntil(() => looks === 3, 'three looks');
  expect(calls).toBe(0);
  quietMs = 20;
  await waitUntil(() => calls > 0, 'the call');

  expect([looks, calls]).toEqual([4, 1]);
});

test('IdleWatch is silent after stop()', async () => {
  let calls = 0;
  const stopped = new IdleWatch(
    5,
    () => 5,
    () => calls++,
  );
  let later = 0;
  const other = new IdleWatch(
    20,
    () => 20,
    () => later++,
  );

  stopped.start();
  other.start();
  stopped.stop();
  await waitUntil(() => later === 1, 'a later watch to call');

  expect(calls).toBe(0);
});
