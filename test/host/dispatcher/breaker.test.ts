import { expect, test } from 'vitest';
import { BREAKER_COOL_DOWN_MS, BREAKER_FAILURES, Breaker } from '../../../host/dispatcher/breaker.ts';

function opened(at = 1000): Breaker {
  const breaker = new Breaker();
  breaker.failed(at, true);
  return breaker;
}

test('Breaker opens after five failures in a row', () => {
  const breaker = new Breaker();
  for (let count = 1; count < BREAKER_FAILURES; count++) breaker.failed(1000, false);
  expect(breaker.state(1000)).toBe('closed');

  breaker.failed(1000, false);

  expect(breaker.state(1000)).toBe('open');
  expect(breaker.admits(1000)).toBe(false);
});

test('Breaker counts again after a success', () => {
  const breaker = new Breaker();
  for (let count = 1; count < BREAKER_FAILURES; count++) breaker.failed(1000, false);
  breaker.succeeded();
  for (let count = 1; count < BREAKER_FAILURES; count++) breaker.failed(1000, false);

  expect(breaker.state(1000)).toBe('closed');
});

test('Breaker opens at once when it is tripped', () => {
  expect(opened().state(1000)).toBe('open');
});

test('Breaker lets one call through after the cool-down', () => {
  const breaker = opened();
  const later = 1000 + BREAKER_COOL_DOWN_MS;

  expect(breaker.admits(later - 1)).toBe(false);
  expect(breaker.state(later)).toBe('half-open');
  expect(breaker.admits(later)).toBe(true);
  expect(breaker.admits(later)).toBe(false);
});

test('Breaker closes when the trial call succeeds', () => {
  const breaker = opened();
  const later = 1000 + BREAKER_COOL_DOWN_MS;
  breaker.admits(later);

  breaker.succeeded();

  expect(breaker.state(later)).toBe('closed');
  expect([breaker.admits(later), breaker.admits(later)]).toEqual([true, true]);
});

test('Breaker opens again for the whole cool-down when the trial call fails', () => {
  const breaker = opened();
  const later = 1000 + BREAKER_COOL_DOWN_MS;
  breaker.admits(later);

  breaker.failed(later, false);

  expect(breaker.admits(later + BREAKER_COOL_DOWN_MS - 1)).toBe(false);
  expect(breaker.admits(later + BREAKER_COOL_DOWN_MS)).toBe(true);
});

test('Breaker gives the trial to another call when the first says nothing', () => {
  const breaker = opened();
  const later = 1000 + BREAKER_COOL_DOWN_MS;
  breaker.admits(later);

  breaker.released();

  expect(breaker.state(later)).toBe('half-open');
  expect(breaker.admits(later)).toBe(true);
});

test('Breaker.isClosed is true until it opens, and again after a success', () => {
  const breaker = opened();
  expect([new Breaker().isClosed, breaker.isClosed]).toEqual([true, false]);

  breaker.admits(1000 + BREAKER_COOL_DOWN_MS);
  breaker.succeeded();

  expect(breaker.isClosed).toBe(true);
});
