import { expect, test } from 'vitest';
import { applyPatch, changesOf, refusedPointer, writableTree } from '../../../host/dispatcher/patch.ts';

/** The table of RFC 7396, appendix A. */
const RFC_7396: [target: unknown, patch: unknown, result: unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test.each(RFC_7396)('applyPatch(%j, %j) is %j', (target, patch, result) => {
  expect(applyPatch(target, patch)).toEqual(result);
});

test('applyPatch() changes neither target nor patch and shares what stays', () => {
  const target = { kept: { deep: [1] }, changed: { a: 1 } };
  const patch = { changed: { b: 2 } };

  const result = applyPatch(target, patch) as typeof target;

  expect(result).toEqual({ kept: { deep: [1] }, changed: { a: 1, b: 2 } });
  expect(result.kept).toBe(target.kept);
  expect(target).toEqual({ kept: { deep: [1] }, changed: { a: 1 } });
  expect(patch).toEqual({ changed: { b: 2 } });
});

test('applyPatch() ignores a key without a value', () => {
  expect(applyPatch({ a: 1 }, { a: undefined, b: undefined })).toEqual({ a: 1 });
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('applyPatch() treats "%s" as an ordinary key', (key) => {
  const patch = JSON.parse(`{"${key}": {"polluted": true}}`);

  const added = applyPatch({}, patch) as object;
  const removed = applyPatch(added, JSON.parse(`{"${key}": null}`)) as object;

  expect(Object.keys(added)).toEqual([key]);
  expect(Object.getPrototypeOf(added)).toBe(Object.prototype);
  expect(JSON.stringify(added)).toBe(JSON.stringify(patch));
  expect(Object.keys(removed)).toEqual([]);
  expect({}).not.toHaveProperty('polluted');
});

const BEFORE = {
  title: 'draft',
  tags: ['a', 'b'],
  meta: { labels: { x: 1 }, owner: 'me' },
  'a/b': 1,
  'c~d': 1,
  nothing: null,
};

const WRITES: [writable: string[], patch: unknown, refused: string | undefined][] = [
  [[], {}, undefined],
  [[], { title: 'new' }, '/title'],
  [[], { title: 'draft' }, undefined],
  [[], { tags: ['a', 'b'] }, undefined],
  [[], { tags: ['b', 'a'] }, '/tags'],
  [[], { meta: { labels: { x: 1 } } }, undefined],
  [[], { meta: { labels: { x: 2 } } }, '/meta/labels/x'],
  [[], { absent: null }, undefined],
  [[], { absent: 1 }, '/absent'],
  [[], { title: null }, '/title'],
  [[], { nothing: null }, '/nothing'],
  [[''], { title: 'new', meta: null, more: 1 }, undefined],
  [['/title'], { title: 'new' }, undefined],
  [['/title'], { title: null }, undefined],
  [['/title'], { title: 'new', tags: [] }, '/tags'],
  [['/meta/labels'], { meta: { labels: { y: 2 } } }, undefined],
  [['/meta/labels'], { meta: { labels: null } }, undefined],
  [['/meta/labels'], { meta: { owner: 'you' } }, '/meta/owner'],
  [['/meta/labels'], { meta: null }, '/meta'],
  [['/meta/labels'], { meta: 'gone' }, '/meta'],
  [['/meta/labels', '/meta'], { meta: null }, undefined],
  [['/meta', '/meta/labels'], { meta: { owner: 'you' } }, undefined],
  [['/tags/0'], { tags: ['z', 'b'] }, '/tags'],
  [['/a~1b'], { 'a/b': 2 }, undefined],
  [['/c~0d'], { 'c~d': 2 }, undefined],
  [['/a/b'], { 'a/b': 2 }, '/a~1b'],
  [['/title'], { 'c~d': 2 }, '/c~0d'],
  [['/new/child'], { new: { child: 1 } }, '/new'],
  [['/title'], JSON.parse('{"__proto__": {"title": "x"}}'), '/__proto__'],
  [['/title'], { toString: 'x' }, '/toString'],
  [['/title'], { constructor: { prototype: 1 } }, '/constructor'],
  [['/__proto__'], JSON.parse('{"__proto__": {"x": 1}}'), undefined],
];

test.each(WRITES)('refusedPointer() of writable %j and patch %j is %s', (writable, patch, refused) => {
  expect(refusedPointer(writableTree(writable), BEFORE, patch)).toBe(refused);
});

test('changesOf() names what a patch really changes', () => {
  const patch = { title: 'new', tags: ['a', 'b'], meta: { labels: { x: null, y: 2 }, owner: 'me' }, 'a/b': 3, absent: null };

  expect(changesOf(BEFORE, patch)).toEqual([
    { pointer: '/title', op: 'replace', from: 'draft', to: 'new' },
    { pointer: '/meta/labels/x', op: 'remove', from: 1 },
    { pointer: '/meta/labels/y', op: 'add', to: 2 },
    { pointer: '/a~1b', op: 'replace', from: 1, to: 3 },
  ]);
});

test('changesOf() shows a new object as it became, without its nulls', () => {
  expect(changesOf({}, { env: { A: '1', B: null } })).toEqual([{ pointer: '/env', op: 'add', to: { A: '1' } }]);
});
