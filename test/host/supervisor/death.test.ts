import { expect, test } from 'vitest';
import { classify, configFailure, lastExit, unaskedEnding } from '../../../host/supervisor/death.ts';
import { specOf } from '../../support/supervise.ts';

test.for([
  [{ code: 0 }, [], 'clean'],
  [{ code: 1 }, [], 'crash'],
  [{ code: 78 }, [], 'config'],
  [{ signal: 'SIGSEGV' }, [], 'signal'],
  [{ signal: 'SIGKILL' }, [], 'signal'],
  [{ code: 137 }, [], 'oom'],
  [{ signal: 'SIGABRT' }, ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'], 'oom'],
  [{ code: 1 }, ['MemoryError'], 'oom'],
  [{ error: new Error('spawn x ENOENT') }, [], 'start'],
] as const)('classify(%o, %o) is "%s"', ([exit, stderr, death]) => {
  expect(classify(exit, stderr)).toBe(death);
});

test('unaskedEnding() of a ready process quotes exit and last words; of a starting one it is a failed start', () => {
  const spec = specOf('echoes');

  const ready = unaskedEnding(spec, true, { code: 2 }, ['oops']);
  const starting = unaskedEnding(spec, false, { code: 2 }, ['oops']);

  expect(ready).toMatchObject({ death: 'crash', failure: { code: 'PLUGIN_EXITED' } });
  expect(ready.failure.message).toBe(
    'Cannot get an answer from plugin "echoes": its process exited with code 2; last stderr line was "oops"',
  );
  expect(starting).toMatchObject({ death: 'start', failure: { code: 'PLUGIN_START_FAILED' } });
});

test('configFailure() says that it is not tried again', () => {
  expect(configFailure('redact', [])).toEqual({
    code: 'PLUGIN_START_FAILED',
    message: 'Cannot start plugin "redact": it exited with code 78, a configuration error; correct its configuration and restart it',
  });
});

test('lastExit() keeps what status shows', () => {
  const ending = { death: 'crash', exit: { code: 1 }, failure: { code: 'PLUGIN_EXITED', message: 'It died' } } as const;

  expect(lastExit(ending, ['oops'])).toEqual({ code: 1, death: 'crash', message: 'It died', stderr: ['oops'], time: expect.any(String) });
});
