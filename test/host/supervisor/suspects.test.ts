import { expect, test } from 'vitest';
import { Suspects } from '../../../host/supervisor/suspects.ts';

test('blame() makes an event poison at the second death', () => {
  const suspects = new Suspects();

  expect([suspects.blame('e'), suspects.has('e'), suspects.isPoisoned('e')]).toEqual([false, true, false]);
  expect([suspects.blame('e'), suspects.has('e'), suspects.isPoisoned('e')]).toEqual([true, false, true]);
  expect(suspects.blame('e')).toBe(true);
  expect(suspects.poisoned()).toEqual(['e']);
});

test('clear() forgets the first death of an event that was answered after all', () => {
  const suspects = new Suspects();
  suspects.blame('e');
  suspects.clear('e');

  expect(suspects.blame('e')).toBe(false);
});

test('blame() keeps the latest 1000 suspects and 100 poisoned events', () => {
  const suspects = new Suspects();
  for (let event = 0; event < 1_001; event++) suspects.blame(`e${event}`);
  expect([suspects.has('e0'), suspects.has('e1')]).toEqual([false, true]);

  for (let event = 1; event < 1_001; event++) suspects.blame(`e${event}`);

  expect(suspects.poisoned()).toHaveLength(100);
  expect(suspects.poisoned().at(-1)).toBe('e1000');
});
