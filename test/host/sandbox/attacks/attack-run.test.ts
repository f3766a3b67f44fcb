import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fixtures, makeFixtures, removeFixtures } from '../../../../host/sandbox/attacks/attack-fixtures.ts';
import { attackPolicy, type Ground, type ProgramCall, runProgram } from '../../../../host/sandbox/attacks/attack-run.ts';
import { bubblewrap } from '../../../../host/sandbox/drivers/bubblewrap.ts';
import { testWith } from '../../../support/needs.ts';

let fixtures: Fixtures;
beforeAll(() => {
  fixtures = makeFixtures();
});
afterAll(() => removeFixtures(fixtures));

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function ground(driver: Ground['driver'], signal: AbortSignal = new AbortController().signal): Ground {
  return { fixtures, driver, settings: undefined, log: SILENT, signal };
}

function call(id: string): ProgramCall {
  const facts = { ...fixtures.facts, hostPid: process.pid, victimPid: process.pid, tcpPort: 1, httpPort: 1, udpPort: 1 };
  const interpreter = { command: process.execPath, args: [], program: 'attacks.mjs' };
  return { interpreter, words: ['run', id], input: JSON.stringify(facts), grants: {}, deadlineMs: 20_000 };
}

test('runProgram() gives the answer of a program that no sandbox holds', async () => {
  const run = await runProgram(call('fs.read-outside'), ground(undefined));

  expect(run.answer).toMatchObject({ id: 'fs.read-outside', verdict: 'ALLOWED' });
  expect(run.output).toContain(fixtures.token);
  expect(run).toMatchObject({ exit: { code: 0 }, isLate: false, hold: undefined });
});

testWith('/usr/bin/bwrap', 'bubblewrap')('runProgram() runs a program the way a plugin runs: the same attack gets nothing', async () => {
  const run = await runProgram(call('fs.read-outside'), ground(bubblewrap));

  expect(run.answer).toMatchObject({ id: 'fs.read-outside', verdict: 'DENIED' });
  expect(run.output).not.toContain(fixtures.token);
  expect(run.hold).toMatchObject({ driver: 'bubblewrap' });
});

test('runProgram() kills what is still running at its deadline, and says so', async () => {
  const layers = { ...call(''), words: ['-e', 'setInterval(() => {}, 1000)'], deadlineMs: 300 };
  const run = await runProgram(
    { ...layers, interpreter: { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], program: '' } },
    ground(undefined),
  );

  expect(run).toMatchObject({ answer: undefined, isLate: true });
});

test('runProgram() ends its program when the run is given up', async () => {
  const stop = new AbortController();
  const run = runProgram(
    { ...call(''), interpreter: { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], program: '' } },
    ground(undefined, stop.signal),
  );
  stop.abort();

  expect(await run).toMatchObject({ isLate: false, exit: { signal: 'SIGKILL' } });
});

test('attackPolicy() grants two folders for reading and one for writing, and the rest only when an attack asks for it', () => {
  const policy = attackPolicy(ground(undefined), {});

  expect(policy.read.map(({ target }) => target)).toEqual([fixtures.facts.read, `${fixtures.facts.workspace}/agent`]);
  expect(policy.write.map(({ target }) => target)).toEqual([fixtures.facts.write]);
  expect(policy).toMatchObject({ canFork: false, ipc: false, native: false, net: [] });
  expect(attackPolicy(ground(undefined), { run: true, ipc: true })).toMatchObject({ canFork: true, ipc: true });
});
