import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolders } from '../../../../host/sandbox/policy/make-folders.ts';
import { makePolicy } from '../../../../host/sandbox/policy/policy.ts';
import type { Policy } from '../../../../host/sandbox/types.ts';
import { type SandboxPlaces, sandboxPlaces } from '../../../support/sandbox-places.ts';

let made: SandboxPlaces;
beforeEach(() => {
  made = sandboxPlaces();
});
afterEach(() => made.remove());

function policyOf(write: string[], hash?: string): Policy {
  const result = makePolicy(made.input({ fs: { write } }, { hash }));
  if ('refusals' in result) throw new Error(result.refusals.join('\n'));
  return result.policy;
}

test('makeFolders() makes every missing folder for the user alone, and leaves what exists', () => {
  made.file('work/file.txt');
  const policy = policyOf([`\${data}`, `\${workspace}/new/deep`, `\${workspace}/file.txt`], 'sha256-ab');

  makeFolders(policy);
  makeFolders(policy);

  const folders = [policy.dataDir, policy.cacheDir, join(made.workspace, 'new'), join(made.workspace, 'new/deep')] as string[];
  for (const folder of folders) expect(statSync(folder).mode & 0o7777, folder).toBe(0o700);
  expect(statSync(join(made.workspace, 'file.txt')).isFile()).toBe(true);
});

test('makeFolders() makes our own folders where they are masked, so that nothing shows when we use them later', () => {
  const { places } = made.input({});
  const dataDir = join(made.workspace, '.outrigger');
  const result = makePolicy(made.input({ fs: { read: [`\${workspace}`] } }, { places: { ...places, dataDir } }));
  if ('refusals' in result) throw new Error(result.refusals.join('\n'));

  makeFolders(result.policy);

  expect(result.policy.masks).toEqual([{ target: dataDir, kind: 'folder', make: dataDir }]);
  expect(statSync(dataDir).mode & 0o7777).toBe(0o700);
});

test('makeFolders() follows no link that was put in the way since the policy was made', () => {
  const outside = made.folder('outside');
  const policy = policyOf([`\${workspace}/new/deep`]);
  symlinkSync(outside, join(made.workspace, 'new'));

  expect(() => makeFolders(policy)).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }));
  expect(readdirSync(outside)).toEqual([]);
});

test('makeFolders() refuses a link in the last place, also one that leads to a folder', () => {
  const outside = made.folder('outside');
  const policy = policyOf([`\${workspace}/new`]);
  symlinkSync(outside, join(made.workspace, 'new'));

  expect(() => makeFolders(policy)).toThrow('a link stands where the folder should be');
});

test('makeFolders() fails where a file stands in the way', () => {
  const policy = policyOf([`\${workspace}/new/deep`]);
  made.file('work/new');

  expect(() => makeFolders(policy)).toThrow(/Cannot make the folder ".*" for plugin "sample"/);
  expect(existsSync(join(made.workspace, 'new/deep'))).toBe(false);
});

test('makeFolders() makes nothing for a policy that writes nothing', () => {
  mkdirSync(join(made.workspace, 'in'));
  const result = makePolicy(made.input({ fs: { read: [`\${workspace}/in`] } }));
  makeFolders((result as { policy: Policy }).policy);

  expect(readdirSync(made.workspace)).toEqual(['in']);
});
