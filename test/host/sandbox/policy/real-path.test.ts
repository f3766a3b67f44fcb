import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isWithin, realPath } from '../../../../host/sandbox/policy/real-path.ts';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-path-')));
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/file'), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (path: string): string => join(root, path);

test('realPath() follows links as the kernel does and tells where each one is', () => {
  symlinkSync(at('a'), at('absolute'));
  symlinkSync('../absolute/b', at('a/relative'));
  symlinkSync('../..', at('a/b/up'));

  expect(realPath(at('a/relative'))).toMatchObject({ real: at('a/b'), links: [at('a/relative'), at('absolute')] });
  expect(realPath(at('absolute/b/up/a/file'))).toMatchObject({ real: at('a/file'), links: [at('absolute'), at('a/b/up')] });
  for (const path of ['a/relative', 'absolute/b/up/a/file', 'a']) expect(realPath(at(path)).real).toBe(realpathSync(at(path)));
  expect(realPath(at('a/file')).stats?.isFile()).toBe(true);
  expect(realPath('/')).toMatchObject({ real: '/', links: [] });
});

test('realPath() gives the deepest real folder plus the rest for what does not exist', () => {
  symlinkSync(at('a'), at('link'));
  symlinkSync(at('a/later'), at('dangling'));

  expect(realPath(at('link/new/deep'))).toEqual({ real: at('a/new/deep'), stats: undefined, links: [at('link')] });
  expect(realPath(at('dangling/x'))).toEqual({ real: at('a/later/x'), stats: undefined, links: [at('dangling')] });
});

test('realPath() throws for circles and for steps out of what does not exist', () => {
  symlinkSync(at('two'), at('one'));
  symlinkSync(at('one'), at('two'));
  symlinkSync('missing/../a', at('odd'));

  expect(() => realPath(at('one'))).toThrow('more than 40 links');
  expect(() => realPath(at('odd'))).toThrow('steps out of it again');
});

test('isWithin() compares whole names', () => {
  expect(isWithin('/a/b', '/a')).toBe(true);
  expect(isWithin('/a', '/a')).toBe(true);
  expect(isWithin('/a', '/')).toBe(true);
  expect(isWithin('/ab', '/a')).toBe(false);
  expect(isWithin('/', '/a')).toBe(false);
});
