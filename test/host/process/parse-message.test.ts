import { expect, test } from 'vitest';
import { parseMessage } from '../../../host/process/parse-message.ts';
import { COUNTED_FROM } from '../../../host/protocol/json-weight.ts';

const LARGEST = 10 * 1024 * 1024;

test('parseMessage() gives the message, the text it was made from, and no weight when it is small', () => {
  const text = '{"id":1,"result":{"a":"€"}}';

  expect(parseMessage(Buffer.from(text), LARGEST)).toEqual({ message: { id: 1, result: { a: '€' } }, text, weight: undefined });
});

test('parseMessage() weighs what is large', () => {
  const large = Buffer.from(JSON.stringify({ id: 1, result: { metadata: { list: new Array(COUNTED_FROM).fill({}) } } }));
  const parsed = parseMessage(large, LARGEST);

  if (!('message' in parsed)) expect.unreachable(parsed.why);
  expect(parsed.weight).toBeGreaterThan(20 * large.length);
  expect(parsed.weight).toBeLessThan(40 * large.length);
});

test.each([
  // Too small to be counted for its own sake, but not for this limit.
  [100_000, 30_000],
  [3_000_000, 1024 * 1024],
])('parseMessage() does not parse %i bytes of many small values where a message may have %i', (bytes, limit) => {
  const heavy = `{"id":1,"result":[${'[],'.repeat(bytes / 3)}0]}`;

  expect(parseMessage(Buffer.from(heavy), limit)).toEqual({ mistake: 'heavy', why: expect.stringMatching(/^it holds so many values/) });
});

test.each([
  ['{"a":', 'broken', 'it is not JSON: Unexpected end of JSON input'],
  ['[{}]', 'shape', 'batches are not supported'],
  ['1', 'shape', 'it is no object'],
])('parseMessage() says what is wrong with %s', (text, mistake, why) => {
  expect(parseMessage(Buffer.from(text), LARGEST)).toEqual({ mistake, why });
});

test('parseMessage() tells bytes that are no UTF-8 from the sign that stands for them', () => {
  expect(parseMessage(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), LARGEST)).toEqual({
    mistake: 'encoding',
    why: 'it is not UTF-8',
  });
  expect(parseMessage(Buffer.from('{"\ufffd":1}'), LARGEST)).toMatchObject({ message: { '\ufffd': 1 } });
});
