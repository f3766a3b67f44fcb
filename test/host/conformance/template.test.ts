import { expect, test } from 'vitest';
import { fillTemplate, readTemplate } from '../../../host/conformance/template.ts';

test('readTemplate() tells files from parts', () => {
  const { files, parts } = readTemplate('=== a.txt\none\ntwo\n=== sub/b.txt\n=== [part of it]\nthree\n');

  expect([...files]).toEqual([
    ['a.txt', 'one\ntwo\n'],
    ['sub/b.txt', ''],
  ]);
  expect([...parts]).toEqual([['part of it', 'three\n']]);
});

test('fillTemplate() puts what stands behind the name before each line', () => {
  expect(fillTemplate('{{about  # }}\n{{name}}!{{gone}}', { about: 'one\n\ntwo', name: 'x' })).toBe('  # one\n  #\n  # two\nx!');
});
