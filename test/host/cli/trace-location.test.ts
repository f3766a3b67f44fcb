import { expect, test } from 'vitest';
import { traceLocation } from '../../../host/cli/trace-location.ts';

test.each([
  [undefined, { HOME: '/home/a' }, { file: '/home/a/.local/state/outrigger/traces.jsonl', maxBytes: 8388608 }],
  [undefined, { HOME: '/home/a', XDG_STATE_HOME: '/state' }, { file: '/state/outrigger/traces.jsonl', maxBytes: 8388608 }],
  [undefined, { HOME: '/home/a', XDG_STATE_HOME: 'relative' }, { file: '/home/a/.local/state/outrigger/traces.jsonl', maxBytes: 8388608 }],
  [{ file: '/t.jsonl', maxBytes: 5000 }, {}, { file: '/t.jsonl', maxBytes: 5000 }],
  [{ enabled: false }, { HOME: '/home/a' }, undefined],
  [undefined, {}, undefined],
])('traceLocation(%j, %j)', (traces, env, expected) => {
  expect(traceLocation(traces, env)).toEqual(expected);
});
