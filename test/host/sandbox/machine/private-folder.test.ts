import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isPrivateFolder } from '../../../../host/sandbox/machine/private-folder.ts';
import { testWhere } from '../../../support/needs.ts';

const STRANGER = 12_345;
const testAsRoot = testWhere(process.getuid?.() === 0, 'not root');
let around: string;
let folder: string;

beforeEach(() => {
  around = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-private-')));
  folder = join(around, 'home/cache');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
});
afterEach(() => rmSync(around, { recursive: true }));

test('isPrivateFolder() holds for a folder of this user, below /tmp too', () => {
  expect(isPrivateFolder(folder)).toBe(true);
});

test.each([0o777, 0o775])('isPrivateFolder() does not hold for a folder of mode %o', (mode) => {
  chmodSync(folder, mode);
  expect(isPrivateFolder(folder)).toBe(false);
});

test('isPrivateFolder() does not hold where everybody can replace a folder above', () => {
  chmodSync(join(around, 'home'), 0o777);
  expect(isPrivateFolder(folder)).toBe(false);
});

test("isPrivateFolder() holds below a link of one's own, not when it is the link", () => {
  symlinkSync(join(around, 'home'), join(around, 'link'));
  symlinkSync(folder, join(around, 'direct'));
  expect(isPrivateFolder(join(around, 'link/cache'))).toBe(true);
  expect(isPrivateFolder(join(around, 'direct'))).toBe(false);
});

test('isPrivateFolder() does not hold below a link to a folder that others can replace', () => {
  symlinkSync(join(around, 'home'), join(around, 'link'));
  chmodSync(join(around, 'home'), 0o777);
  expect(isPrivateFolder(join(around, 'link/cache'))).toBe(false);
});

test('isPrivateFolder() throws for a folder that is not there', () => {
  expect(() => isPrivateFolder(join(around, 'none'))).toThrow('ENOENT');
});

testAsRoot('isPrivateFolder() does not hold below the folder or the link of somebody else, whoever owns what is in it', () => {
  symlinkSync(join(around, 'home'), join(around, 'link'));
  lchownSync(join(around, 'link'), STRANGER, STRANGER);
  expect(isPrivateFolder(join(around, 'link/cache'))).toBe(false);

  expect(isPrivateFolder(folder)).toBe(true);
  chownSync(join(around, 'home'), STRANGER, STRANGER);
  expect(isPrivateFolder(folder)).toBe(false);
});

testAsRoot("isPrivateFolder() lets a user's own group write above, and no other group", () => {
  chownSync(join(around, 'home'), 0, 0);
  chmodSync(join(around, 'home'), 0o775);
  expect(isPrivateFolder(folder)).toBe(true);
  chownSync(join(around, 'home'), 0, STRANGER);
  chmodSync(join(around, 'home'), 0o775);
  expect(isPrivateFolder(folder)).toBe(false);
});
