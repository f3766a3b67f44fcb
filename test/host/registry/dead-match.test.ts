import { expect, test } from 'vitest';
import { deadMatch } from '../../../host/registry/dead-match.ts';
import { loadCatalogs } from '../../../host/registry/load-catalogs.ts';
import type { LoadedHook, MatchRule } from '../../../host/registry/types.ts';
import { subscription } from './make-subscription.ts';

const { hooks } = await loadCatalogs({ names: ['conda'] });
const preCommand = hooks.get('conda.pre_command') as LoadedHook;

test.each<[string, MatchRule[] | undefined]>([
  ['no filter', undefined],
  ['a field of the payload', [{ command: 'git' }]],
  ['a pointer into a field', [{ '/env/HOME': '*' }]],
])('deadMatch() is silent about %s', (_, match) => {
  expect(deadMatch(preCommand, subscription('a', { match }))).toBeUndefined();
});

test.each<[string, MatchRule[]]>([
  ['a misspelt field', [{ comand: 'git' }]],
  ['one alternative of two', [{ command: 'git' }, { comand: 'git' }]],
  ['a pointer into nothing', [{ '/comand/name': 'git' }]],
])('deadMatch() names %s', (_, match) => {
  expect(deadMatch(preCommand, subscription('a', { match }))).toMatch(/never has a field "comand".*did you mean "command"/);
});
