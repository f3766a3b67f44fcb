import { expect, test } from 'vitest';
import type { Exit } from '../../../host/process/types.ts';
import { exitOf } from '../../../host/sandbox/enclosed-process.ts';

const limit = { kind: 'memory', message: 'the kernel ended it for memory; its limit is 64 MiB' } as const;

test.each<[Exit, Exit]>([
  [{ code: 0 }, { code: 0 }],
  [{ code: 1 }, { code: 1 }],
  [{ code: 128 }, { code: 128 }],
  [{ code: 137 }, { signal: 'SIGKILL', limit }],
  [{ signal: 'SIGKILL' }, { signal: 'SIGKILL', limit }],
])('exitOf() makes of %j, where a limit was exceeded, %j', (exit, expected) => {
  expect(exitOf(exit, limit)).toEqual(expected);
});

test('exitOf() reads the signal out of the code of the sandbox, and nothing else into it', () => {
  expect(exitOf({ code: 143 })).toEqual({ signal: 'SIGTERM' });
  expect(exitOf({ code: 250 })).toEqual({ code: 250 });
});
