import { expect, test } from 'vitest';
import { order } from '../../../host/registry/order.ts';
import type { Subscription } from '../../../host/registry/types.ts';
import { subscription } from './make-subscription.ts';

const rules = { highFirst: false, tiesByName: false };
const names = (subscriptions: readonly Subscription[], more: object = {}) =>
  order(subscriptions, { ...rules, ...more }).ordered.map((one) => one.subscription.plugin);

// Cases of pluggy (test_hookcaller: tryfirst, trylast, plain) and tapable (stage, before), in our words.
test.each<[string, Subscription[], string]>([
  ['keeps the configuration order between equals', [subscription('a'), subscription('b'), subscription('c')], 'a b c'],
  ['puts tryfirst before plain', [subscription('plain'), subscription('first', { priority: 0 })], 'first plain'],
  ['puts trylast after plain', [subscription('last', { priority: 100 }), subscription('plain')], 'plain last'],
  [
    'sorts first, plain, last, whatever the registration',
    [subscription('l', { priority: 99 }), subscription('p'), subscription('f', { priority: 1 }), subscription('p2')],
    'f p p2 l',
  ],
  [
    'sorts negative stages first',
    [
      subscription('a', { priority: 0 }),
      subscription('b', { priority: 2 }),
      subscription('c', { priority: 1 }),
      subscription('d', { priority: -3 }),
    ],
    'd a c b',
  ],
  ['obeys before one name', [subscription('a'), subscription('b', { before: ['a'] })], 'b a'],
  ['obeys before several names', [subscription('a'), subscription('b'), subscription('c', { before: ['b', 'a'] })], 'c a b'],
  ['obeys before one of several', [subscription('a'), subscription('b'), subscription('c', { before: ['b'] })], 'a c b'],
  [
    'obeys after over priority',
    [subscription('a', { priority: 1, after: ['z'] }), subscription('b'), subscription('z', { priority: 90 })],
    'b z a',
  ],
  ['obeys chains', [subscription('c', { after: ['b'] }), subscription('b', { after: ['a'] }), subscription('a')], 'a b c'],
  ['ignores a name that is not here', [subscription('a', { after: ['ghost'] }), subscription('b')], 'a b'],
  ['obeys the same wish made twice', [subscription('a', { after: ['b'] }), subscription('b', { before: ['a'] })], 'b a'],
])('order() %s', (_, subscriptions, expected) => {
  expect(names(subscriptions).join(' ')).toBe(expected);
});

test('order() puts modes in their fixed order and leaves disabled out', () => {
  const modes = ['disabled', 'fire_and_forget', 'concurrent', 'audit', 'transform', 'sequential'] as const;
  expect(names(modes.map((mode, index) => subscription(mode, { mode, priority: index })))).toEqual([
    'sequential',
    'transform',
    'audit',
    'concurrent',
    'fire_and_forget',
  ]);
});

test('order() puts high numbers first and ties by name when the catalog says so', () => {
  const subscriptions = [subscription('z'), subscription('b', { priority: 60 }), subscription('a')];
  expect(names(subscriptions, { highFirst: true, tiesByName: true })).toEqual(['b', 'a', 'z']);
});

test('order() gives the reasons for every place', () => {
  const { ordered } = order(
    [
      subscription('protect', { priority: 10, sources: { mode: 'manifest', priority: 'config' } }),
      subscription('log', { before: ['rest'], after: ['protect'], sources: { priority: 'set "tools"', mode: 'default' } }),
      subscription('rest'),
      subscription('tie'),
    ],
    rules,
  );
  expect(ordered.map(({ why }) => why)).toEqual([
    ['mode sequential from the manifest', 'priority 10 from the config'],
    ['mode sequential by default', 'priority 50 from set "tools"', 'after "protect"', 'before "rest"'],
    ['mode sequential by default', 'priority 50 by default', 'after "log", which asks to run before it'],
    ['mode sequential by default', 'priority 50 by default', 'same priority as "rest", later in the configuration'],
  ]);
});

test('order() says at its place which wish of a subscription the modes refuse', () => {
  const { ordered } = order([subscription('default'), subscription('p', { mode: 'transform', before: ['default'] })], rules);
  expect(ordered.map(({ why }) => why.at(-1))).toEqual([
    'priority 50 by default',
    'Cannot place "p" before "default": mode sequential ("default") always runs before mode transform ("p")',
  ]);
});

test('order() accepts a wish that the modes grant anyway', () => {
  const result = order([subscription('late', { mode: 'audit', after: ['early'] }), subscription('early')], rules);
  expect(result.problems).toEqual([]);
});

test('order() names a wish that contradicts the modes, and keeps both', () => {
  const result = order([subscription('watch', { mode: 'audit', before: ['change'] }), subscription('change')], rules);
  expect(result.problems).toEqual([
    'Cannot place "watch" before "change": mode sequential ("change") always runs before mode audit ("watch")',
  ]);
  expect(result.ordered).toHaveLength(2);
});

test('order() warns of a name that no plugin has, and only then', () => {
  const result = order([subscription('a', { before: ['protct', 'quiet'] })], { ...rules, known: new Set(['a', 'protect', 'quiet']) });
  expect(result.problems).toEqual([]);
  expect(result.findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    'warning: "a" wants to run before "protct", but no plugin has that name; did you mean "protect"?',
  ]);
});

test('order() names a circle and leaves out the one configured last', () => {
  const result = order(
    [
      subscription('a', { before: ['b'] }),
      subscription('b', { before: ['c'] }),
      subscription('c', { before: ['a'] }),
      subscription('d', { after: ['c'] }),
    ],
    rules,
  );
  expect(result.ordered.map((one) => one.subscription.plugin)).toEqual(['a', 'b', 'd']);
  expect(result.left.map((one) => one.subscription.plugin)).toEqual(['c']);
  expect(result.problems[0]).toContain('"a" → "b" → "c" → "a"');
});

test('order() does not let one plugin pull another out with a circle of its own making', () => {
  const result = order([subscription('protect'), subscription('evil', { before: ['protect'], after: ['protect'] })], rules);
  expect(result.ordered.map((one) => one.subscription.plugin)).toEqual(['protect']);
  expect(result.left[0]?.reason).toMatch(/^before and after go round in a circle: "(evil|protect)" → /);
});

test('order() keeps a guard in the plan when a later plugin closes a circle around its wish', () => {
  const result = order(
    [subscription('protect', { before: ['b'] }), subscription('b'), subscription('evil', { after: ['b'], before: ['protect'] })],
    rules,
  );
  expect(result.ordered.map((one) => one.subscription.plugin)).toEqual(['protect', 'b']);
  expect(result.left.map((one) => one.subscription.plugin)).toEqual(['evil']);
});

test('order() finds two circles at once', () => {
  const pair = (a: string, b: string) => [subscription(a, { before: [b] }), subscription(b, { before: [a] })];
  const result = order([...pair('a', 'b'), subscription('free'), ...pair('c', 'd')], rules);
  expect(result.ordered.map((one) => one.subscription.plugin)).toEqual(['a', 'free', 'c']);
  expect(result.left.map((one) => one.subscription.plugin)).toEqual(['b', 'd']);
});

test('order() refuses a plugin that wants to run before itself', () => {
  expect(order([subscription('a', { before: ['a'] })], rules).problems).toEqual(['Cannot place "a" before itself: remove the name']);
});

test('order() sorts a chain of 1,000 that asks for the opposite of its priorities', () => {
  const chain = Array.from({ length: 1000 }, (_, index) =>
    subscription(`p${index}`, { priority: index, after: index < 999 ? [`p${index + 1}`] : [] }),
  );
  const sorted = names(chain);
  expect(sorted).toEqual(chain.map(({ plugin }) => plugin).reverse());
});
