import { expect, test } from 'vitest';
import { compileMatch } from '../../../host/registry/match.ts';
import { MatchIndex } from '../../../host/registry/match-index.ts';
import type { MatchRule } from '../../../host/registry/types.ts';

type Filter = readonly MatchRule[] | undefined;

test.each<[what: string, filters: Filter[], payload: unknown, found: number[]]>([
  ['no filter', [undefined], {}, [0]],
  ['the value that is there', [[{ id: 'a' }], [{ id: 'b' }], [{ id: 'a' }]], { id: 'a' }, [0, 2]],
  ['a value nobody wants', [[{ id: 'a' }], [{ id: 'b' }]], { id: 'c' }, []],
  ['a field that is not there', [[{ id: 'a' }]], {}, []],
  ['one of several values', [[{ id: ['a', 'b', 'a'] }]], { id: 'b' }, [0]],
  ['one of several alternatives', [[{ id: 'a' }, { kind: 'x' }]], { id: 'b', kind: 'x' }, [0]],
  ['both of its alternatives', [[{ id: 'a' }, { kind: 'x' }]], { id: 'a', kind: 'x' }, [0]],
  ['nothing but globs', [[{ id: 'a' }], [{ id: 'b*' }]], { id: 'c' }, [1]],
  ['an alternative of globs', [[{ id: 'a' }, { id: 'b*' }]], { id: 'c' }, [0]],
  ['a rule without fields', [[{}]], {}, [0]],
  ['no alternative at all', [[]], {}, []],
  ['an exact field beside a glob', [[{ id: '*', kind: 'x' }]], { id: 'a', kind: 'y' }, []],
  ['an item of a list', [[{ tags: 'a' }], [{ tags: 'b' }]], { tags: ['b', 'b'] }, [1]],
  ['two spellings of one field', [[{ '/id': 'a' }], [{ id: 'a' }]], { id: 'a' }, [0, 1]],
  ['a field inside another', [[{ '/a/b': 1 }]], { a: { b: 1 } }, [0]],
  ['values that are no texts', [[{ n: 1 }], [{ n: '1' }], [{ n: null }], [{ n: true }]], { n: 1 }, [0]],
  ['places in order', [[{ id: 'b*' }], [{ kind: 'x' }], [{ id: 'a' }], undefined], { id: 'a', kind: 'x' }, [0, 1, 2, 3]],
])('mayFit() finds %s', (_, filters, payload, found) => {
  expect(new MatchIndex(filters).mayFit(payload)).toEqual(found);
});

test('mayFit() leaves out none that fits', () => {
  const wants = ['a', 'b', '*', 'a*', ['a', 'c'], ['b', 'c*'], 1, null];
  const rules: MatchRule[] = wants.flatMap((one) => [{ x: one }, { '/x': one, y: 'a' }, { y: one }]);
  const filters: MatchRule[][] = rules.flatMap((rule, at) => [[rule], [rule, rules[(at * 7) % rules.length] as MatchRule]]);
  const values = ['a', 'b', 'c', 'ab', 1, null, undefined, ['a', 'b'], []];
  const index = new MatchIndex(filters);

  for (const x of values) {
    for (const y of values) {
      const fitting = filters.flatMap((filter, place) => (compileMatch(filter)({ x, y }) ? [place] : []));
      expect(index.mayFit({ x, y })).toEqual(expect.arrayContaining(fitting));
    }
  }
});
