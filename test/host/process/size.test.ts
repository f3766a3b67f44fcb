import { expect, test } from 'vitest';
import { isLarger, tooLarge } from '../../../host/process/size.ts';

test('isLarger() counts UTF-8 bytes, not characters', () => {
  expect(isLarger('äää', 6)).toBe(false);
  expect(isLarger('äää', 5)).toBe(true);
  expect(isLarger('abc', 2)).toBe(true);
});

test('tooLarge() names the action and the limit', () => {
  expect(tooLarge('send "ping"', 10)).toEqual({
    code: 'MESSAGE_TOO_LARGE',
    message: 'Cannot send "ping": the message is larger than 10 bytes',
  });
});
