import { expect, test } from 'vitest';
import { validTraceparent } from '../../../host/protocol/traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test.each([`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-00`, `cc-${TRACE}-${PARENT}-01-what-comes-later`])(
  'validTraceparent() hands on %j',
  (text) => {
    expect(validTraceparent(text)).toBe(text);
  },
);

test.each([
  undefined,
  '',
  'garbage',
  `00-${TRACE}-${PARENT}`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
  `ff-${TRACE}-${PARENT}-01`,
  `00-${'0'.repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-${PARENT}-01-more`,
  `cc-${TRACE}-${PARENT}-01.more`,
  `cc-${TRACE}-${PARENT}-01-${'x'.repeat(1000)}`,
])('validTraceparent() ignores %j', (text) => {
  expect(validTraceparent(text)).toBeUndefined();
});
