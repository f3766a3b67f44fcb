import { expect, test } from 'vitest';
import { didYouMean } from '../../../host/protocol/did-you-mean.ts';

test.each([
  ['priorty', ['priority', 'mode'], '; did you mean "priority"?'],
  ['Mode', ['priority', 'mode'], '; did you mean "mode"?'],
  ['mdoe', ['mode'], '; did you mean "mode"?'],
  ['colour', ['mode', 'match'], ''],
  ['x'.repeat(5000), ['x'], ''],
  ['mode', [], ''],
])('didYouMean() of %s', (word, candidates, expected) => {
  expect(didYouMean(word, candidates)).toBe(expected);
});
