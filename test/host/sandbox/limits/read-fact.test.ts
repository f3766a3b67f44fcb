import { expect, test } from 'vitest';
import { readFact } from '../../../../host/sandbox/limits/read-fact.ts';

test('readFact() gives the text of a file, and nothing of one that cannot be read', () => {
  expect(readFact(import.meta.filename)).toContain('readFact() gives the text');
  expect(readFact(import.meta.dirname)).toBe('');
  expect(readFact('/nonexistent/fact')).toBe('');
});
