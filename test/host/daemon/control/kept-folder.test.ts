import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeptFolder } from '../../../../host/daemon/control/kept-folder.ts';
import { waitUntil } from '../../../support/wait-until.ts';

let root: string;
let file: string;
let errors: unknown[];
let kept: KeptFolder | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'outrigger-kept-'));
  file = join(root, 'data', 'journal.db');
  errors = [];
});

afterEach(() => {
  kept?.close();
  rmSync(root, { recursive: true, force: true });
});

function watched(): KeptFolder {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (_: string, data?: object) => errors.push(data) };
  kept = new KeptFolder(file, log);
  return kept;
}

function make(): void {
  mkdirSync(join(root, 'data'));
  writeFileSync(file, '');
}

test('problem() is undefined for a folder and a file that come later, and stay', () => {
  const folder = watched();
  const before = folder.problem();
  make();
  expect([before, folder.problem(), folder.problem()]).toEqual([undefined, undefined, undefined]);
  expect(errors).toEqual([]);
});

test.each<[string, () => void, string]>([
  ['the folder is removed', () => rmSync(join(root, 'data'), { recursive: true }), 'The folder "'],
  [
    'another folder lies in its place',
    () => {
      renameSync(join(root, 'data'), join(root, 'old'));
      make();
    },
    'The folder "',
  ],
  ['the file is removed', () => rmSync(file), 'The file "'],
])('problem() names what is gone when %s, and the log says so once', (_, change, what) => {
  make();
  const folder = watched();
  change();
  const said = [folder.problem(), folder.problem()];
  expect(said[0]).toMatch(new RegExp(`^${what}`));
  expect(said[1]).toBe(said[0]);
  expect(errors).toEqual([{ reason: said[0] }]);
});

test('KeptFolder looks by itself, and forgets what was put back', async () => {
  make();
  const folder = watched();
  renameSync(join(root, 'data'), join(root, 'old'));
  await waitUntil(() => errors.length > 0, 'the log to say so');
  renameSync(join(root, 'old'), join(root, 'data'));
  expect(folder.problem()).toBeUndefined();
});
