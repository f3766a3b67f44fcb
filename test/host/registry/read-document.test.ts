import { expect, test } from 'vitest';
import { readDocument } from '../../../host/registry/read-document.ts';

async function issuesOf(file: string, text: string) {
  const document = await readDocument(file, text);
  return 'issues' in document ? document.issues.map(({ line, message }) => `${line}: ${message}`) : [];
}

async function parsed(file: string, text: string) {
  const document = await readDocument(file, text);
  if ('issues' in document) throw new Error(document.issues[0]?.message);
  return document;
}

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`),
].join('\n');

test.each<[string, string, string, RegExp]>([
  ['a duplicate key', 'x.yaml', 'a: 1\nb: 2\na: 3\n', /^3: .*"a" stands here for the second time/],
  ['a duplicate key with an escape in it', 'x.yaml', '"a\\e[31m": 1\n"a\\e[31m": 2\n', /"a" stands here for the second time$/],
  ['a duplicate key in JSON', 'x.json', '{\n"a": 1,\n"a": 2\n}', /^3: .*second time/],
  ['a tab', 'x.yaml', 'a:\n\tb: 1\n', /^2: .*tabs are not allowed/],
  ['a bracket left open', 'x.yaml', 'a: [1,\n', /^\d: Cannot read the file/],
  ['two documents', 'x.yaml', 'a: 1\n---\nb: 2\n', /^\d: .*multiple documents$/],
  ['an unknown tag', 'x.yaml', 'a: 1\nb: !!js/function x\n', /^2: .*unresolved tag/],
  ['an alias bomb', 'x.yaml', bomb, /aliases unfold to more than 100/],
  ['__proto__', 'x.yaml', 'a: 1\n__proto__: {}\n', /^2: .*"__proto__" is not allowed/],
  ['__proto__ in JSON', 'x.json', '{"a": {"__proto__": {}}}', /^1: .*"__proto__" is not allowed/],
  ['a key that is a list', 'x.yaml', '? [a]\n: 1\n', /^1: .*a key must be plain text/],
  ['JSON with a comma too many', 'x.json', '{\n  "a": 1,\n}', /^3: Cannot read the file: Expected double-quoted property name/],
  ['JSON cut short', 'x.json', '{\n  "a": 1', /^2: Cannot read the file/],
  ['YAML called JSON', 'x.json', 'a: 1', /^1: Cannot read the file/],
  ['20,000 levels', 'x.yaml', '['.repeat(20_000), /nested too deeply/],
  ['20,000 levels of JSON', 'x.json', '['.repeat(20_000) + ']'.repeat(20_000), /nested too deeply/],
])('readDocument() refuses %s', async (_, file, text, expected) => {
  expect((await issuesOf(file, text))[0]).toMatch(expected);
});

test('readDocument() finds duplicates among 50,000 keys', async () => {
  const text = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1\n`).join('');
  expect(await issuesOf('x.yaml', `${text}k7: 2\n`)).toEqual(['50001: Cannot read the file: the key "k7" stands here for the second time']);
});

test('readDocument() says where a field stands, or what would contain it', async () => {
  const { locate } = await parsed('x.yaml', 'a: 1\nb:\n  c/d:\n    - x\n    - y\n');
  expect(locate('/b')).toEqual({ line: 2, column: 1 });
  expect(locate('/b/c~1d/1')).toEqual({ line: 5, column: 7 });
  expect(locate('/b/missing')).toEqual({ line: 2, column: 1 });
  expect(locate('')).toEqual({ line: 1, column: 1 });
});

test('readDocument() says where a field of JSON stands', async () => {
  const { locate, value } = await parsed('x.json', '{\n\t"a": {\n\t\t"b": 1\n\t}\n}');
  expect(value).toEqual({ a: { b: 1 } });
  expect(locate('/a/b')).toEqual({ line: 3, column: 3 });
});
