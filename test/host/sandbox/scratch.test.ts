import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeScratch, removeScratch, scratchFolder } from '../../../host/sandbox/scratch.ts';

function fresh(): { folder: string; files: Record<string, string> } {
  const folder = scratchFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, files: { 'config.json': '{}', 'rootfs/etc/passwd': 'x' } };
}

test('makeScratch() writes private files into a private folder, and removeScratch() leaves nothing', () => {
  const scratch = fresh();
  makeScratch(scratch);
  expect(statSync(scratch.folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(scratch.folder, 'config.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(scratch.folder, 'rootfs/etc/passwd'), 'utf8')).toBe('x');
  mkdirSync(join(scratch.folder, 'rootfs/mount/point'), { recursive: true });
  removeScratch(scratch);
  removeScratch(scratch);
  expect(existsSync(scratch.folder)).toBe(false);
});

test('makeScratch() takes no folder that exists', () => {
  const scratch = fresh();
  mkdirSync(scratch.folder);
  expect(() => makeScratch(scratch)).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }));
});

test('removeScratch() removes no file that it did not write, and follows no link', () => {
  const scratch = fresh();
  const other = fresh();
  makeScratch(scratch);
  makeScratch(other);
  writeFileSync(join(scratch.folder, 'rootfs/kept'), 'a mount that was left');
  symlinkSync(other.folder, join(scratch.folder, 'rootfs/link'));
  removeScratch(scratch);
  expect(existsSync(join(scratch.folder, 'rootfs/kept'))).toBe(true);
  expect(existsSync(join(scratch.folder, 'config.json'))).toBe(false);
  expect(existsSync(join(other.folder, 'config.json'))).toBe(true);
});
