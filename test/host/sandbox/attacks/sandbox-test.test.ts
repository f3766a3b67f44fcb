import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import type { AttackResult } from '../../../../host/sandbox/attacks/attack-verdict.ts';
import { isMatch, runSandboxTest, type SandboxTestOptions } from '../../../../host/sandbox/attacks/sandbox-test.ts';
import { testWith } from '../../../support/needs.ts';

const OPTIONS: SandboxTestOptions = {
  driver: 'none',
  settings: undefined,
  bombs: false,
  only: undefined,
  languages: ['python', 'javascript'],
  expect: [],
};
const idsOf = (results: readonly AttackResult[], verdict: AttackResult['verdict']): string[] =>
  results.filter((result) => result.verdict === verdict).map(({ id }) => id);
const needsPython = testWith('python3', 'python3');
const needsBoth = existsSync('/usr/bin/python3') ? testWith('/usr/bin/bwrap', 'bubblewrap') : needsPython;

test.each([
  ['fs.read-outside', undefined, true],
  ['fs.read-outside', 'fs.*', true],
  ['fs.read-outside', '*outside', true],
  ['fs.read-outside', 'fs.read', false],
  ['fsxread', 'fs.read', false],
  ['env.own', '*.own', true],
])('isMatch(%s, %s) is %s', (id, only, expected) => {
  expect(isMatch(id, only)).toBe(expected);
});

needsPython('runSandboxTest() lets attacks through where there is no sandbox: so they do what they say', async () => {
  const { failures, results } = await runSandboxTest({ ...OPTIONS, only: 'env.own*' });

  expect(idsOf(results, 'ALLOWED')).toEqual(['env.own', 'env.own-proc', 'env.own', 'env.own-proc']);
  expect(failures).toEqual([]);
});

test('runSandboxTest() hands down a descriptor that a careless host left open', async () => {
  const { results } = await runSandboxTest({ ...OPTIONS, languages: ['javascript'], only: 'fd.inherited' });

  expect(results).toMatchObject([{ verdict: existsSync('/bin/bash') ? 'ALLOWED' : 'SKIPPED' }]);
});

test('runSandboxTest() fails when a layer that was asked for is not engaged', async () => {
  const { failures } = await runSandboxTest({ ...OPTIONS, languages: ['javascript'], only: 'env.own', expect: ['seccomp'] });

  expect(failures).toEqual(['the layer "seccomp" was promised and is not engaged']);
});

test('runSandboxTest() refuses a name that no attack has', async () => {
  await expect(runSandboxTest({ ...OPTIONS, languages: ['javascript'], only: 'no.such' })).rejects.toThrow(/none is called "no.such"/);
});

test('runSandboxTest() refuses a sandbox that this machine has not got, and says why', async () => {
  const settings = { image: 'outrigger-no-such-image' };

  await expect(runSandboxTest({ ...OPTIONS, languages: ['javascript'], driver: 'container', settings, only: 'env.own' })).rejects.toThrow(
    /Cannot run the attacks: /,
  );
});

test('runSandboxTest() takes everything away when it is interrupted', async () => {
  const stop = new AbortController();
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('outrigger-sandbox-test-'));
  const run = runSandboxTest({ ...OPTIONS, languages: ['javascript'], signal: stop.signal, onResult: () => stop.abort() });

  await expect(run).rejects.toThrow(/abort/i);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('outrigger-sandbox-test-') && !before.includes(name))).toEqual([]);
});

needsBoth(
  'runSandboxTest() lets nothing through bubblewrap but what it is known for, with every layer engaged',
  async () => {
    const { failures, ground, results } = await runSandboxTest({ ...OPTIONS, driver: 'bubblewrap' });

    expect(failures).toEqual([]);
    expect(results.length).toBeGreaterThan(300);
    expect(ground.layers.filter(({ engaged, promised }) => promised && !engaged)).toEqual([]);
    expect(idsOf(results, 'ALLOWED').length).toBeLessThanOrEqual(2);
  },
  400_000,
);
