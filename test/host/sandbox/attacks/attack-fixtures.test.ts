import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Fixtures, layTree, makeFixtures, removeFixtures } from '../../../../host/sandbox/attacks/attack-fixtures.ts';

const made: Fixtures[] = [];
afterEach(() => made.splice(0).forEach(removeFixtures));

function fixtures(): Fixtures {
  const found = makeFixtures();
  made.push(found);
  return found;
}

test('makeFixtures() puts the token of the run into every secret, and tells the attacks nothing of it', () => {
  const { canary, facts, token } = fixtures();
  const secrets = [
    facts.privateKey,
    facts.hostConfig,
    facts.otherData,
    facts.storeFile,
    facts.outsideFile,
    facts.outsideModule,
    canary.file,
  ];

  expect(secrets.filter((path) => !readFileSync(path, 'utf8').includes(token))).toEqual([]);
  expect(readFileSync(facts.outsideDatabase).includes(token)).toBe(true);
  expect(JSON.stringify(facts)).not.toContain(token);
});

test('makeFixtures() keeps the private key to its owner and opens the rest, so that no mode does the work of the sandbox', () => {
  const { facts } = fixtures();

  expect(statSync(facts.privateKey).mode & 0o777).toBe(0o600);
  expect(statSync(facts.outsideFile).mode & 0o777).toBe(0o666);
  expect(statSync(facts.root).mode & 0o777).toBe(0o755);
});

test('layTree() mends what an attack did', () => {
  const found = fixtures();
  rmSync(found.facts.outsideFile);
  writeFileSync(join(found.facts.write, 'left'), 'x');
  layTree(found);

  expect(existsSync(found.facts.outsideFile)).toBe(true);
  expect(existsSync(join(found.facts.write, 'left'))).toBe(false);
});

test('removeFixtures() leaves nothing, and does no harm twice', () => {
  const found = fixtures();
  writeFileSync(found.facts.sharedTemporary, 'planted');
  removeFixtures(found);
  removeFixtures(found);

  const { posixMemory, root, sharedTemporary } = found.facts;
  expect([root, sharedTemporary, ...(posixMemory === null ? [] : [posixMemory])].filter((path) => existsSync(path))).toEqual([]);
});
