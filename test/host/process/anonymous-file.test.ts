import { closeSync, fstatSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { anonymousFile } from '../../../host/process/anonymous-file.ts';

const opened: number[] = [];
afterEach(() => {
  for (const descriptor of opened.splice(0)) closeSync(descriptor);
});

test('anonymousFile() is read from its start, is for this user alone and has no name', () => {
  const descriptor = anonymousFile(Buffer.from('words'));
  opened.push(descriptor);

  expect(readFileSync(descriptor, 'utf8')).toBe('words');
  expect(fstatSync(descriptor)).toMatchObject({ nlink: 0, mode: 0o100600 });
  if (process.platform === 'linux') expect(readlinkSync(`/proc/self/fd/${descriptor}`)).toContain('(deleted)');
});

test('anonymousFile() may be empty', () => {
  const descriptor = anonymousFile(new Uint8Array());
  opened.push(descriptor);

  expect(readFileSync(descriptor, 'utf8')).toBe('');
});
