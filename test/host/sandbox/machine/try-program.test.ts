import { expect, test } from 'vitest';
import { tryProgram } from '../../../../host/sandbox/machine/try-program.ts';

test('tryProgram() gives code, output and one line of complaint, with an empty environment', async () => {
  const script = 'test -z "$HOME" && echo none; echo first >&2; echo second >&2; exit 7';
  expect(await tryProgram('/bin/sh', ['-c', script])).toEqual({ code: 7, stdout: 'none\n', complaint: 'first second' });
});

test('tryProgram() says why a program did not start', async () => {
  const { code, complaint } = await tryProgram('/no/such/program', []);
  expect(code).toBeUndefined();
  expect(complaint).toContain('ENOENT');
});

test('tryProgram() ends a program that takes too long', async () => {
  const { code, complaint } = await tryProgram('/bin/sleep', ['600'], { timeoutMs: 200 });
  expect({ code, complaint }).toEqual({ code: undefined, complaint: 'no answer within 200 ms' });
});

test('tryProgram() gives a program that reads its input nothing to wait for', async () => {
  expect(await tryProgram('/bin/cat', [])).toEqual({ code: 0, stdout: '', complaint: '' });
});
