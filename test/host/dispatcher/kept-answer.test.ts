import { expect, test } from 'vitest';
import { isLarge, KeptAnswer, keptWeight } from '../../../host/dispatcher/kept-answer.ts';

const METADATA = { text: 'x'.repeat(2000), ['__proto__' as string]: 1, list: [null, 1.5] };
const TEXT = JSON.stringify({ jsonrpc: '2.0', id: 7, result: { metadata: METADATA, retryAfterMs: 5 } });

test('KeptAnswer says the same before and after it was let go', () => {
  const { metadata, retryAfterMs } = JSON.parse(TEXT).result;
  const kept = new KeptAnswer({ metadata, retryAfterMs }, TEXT);
  expect(kept.metadata).toBe(metadata);

  kept.letGo();

  expect(kept.metadata).toEqual(metadata);
  expect(kept.retryAfterMs).toBe(5);
});

test('KeptAnswer gives each who looks a copy of their own once it was let go', () => {
  const kept = new KeptAnswer(JSON.parse(TEXT).result, TEXT);
  kept.letGo();

  kept.metadata['text'] = 'changed';

  expect(kept.metadata['text']).toBe(METADATA.text);
});

test('isLarge() wants a text, a kilobyte of it, and something to be kept', () => {
  expect(isLarge({ metadata: METADATA }, TEXT)).toBe(true);
  expect(isLarge({ metadata: METADATA }, undefined)).toBe(false);
  expect(isLarge({ metadata: {} }, '{"result":{"metadata":{}}}')).toBe(false);
  expect(isLarge({}, TEXT)).toBe(false);
});

test('keptWeight() counts two bytes for each character when one is not ASCII', () => {
  expect(keptWeight('abc', 3)).toBe(3);
  expect(keptWeight('ab€', 5)).toBe(6);
});
