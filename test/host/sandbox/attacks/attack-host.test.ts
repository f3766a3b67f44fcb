import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fixtures, makeFixtures, removeFixtures } from '../../../../host/sandbox/attacks/attack-fixtures.ts';
import type { AttackJob, HostLine } from '../../../../host/sandbox/attacks/attack-host.ts';
import type { Attack } from '../../../../host/sandbox/attacks/attack-programs.ts';

let fixtures: Fixtures;
beforeAll(() => {
  fixtures = makeFixtures();
});
afterAll(() => removeFixtures(fixtures));

const FILE = fileURLToPath(new URL('../../../../host/sandbox/attacks/attack-host.ts', import.meta.url));
const JAVASCRIPT = { command: process.execPath, args: [], program: 'attacks.mjs' };

function attack(id: string): Attack {
  return { id, language: 'javascript', category: 'files', layer: 'mounts', about: 'Attacks' };
}

/** The lines of a host that runs attacks bare; `onLine` may end it. */
async function linesOf(attacks: readonly Attack[], onLine: (line: HostLine, end: () => void) => void = () => {}): Promise<HostLine[]> {
  const host = spawn(process.execPath, ['--conditions=@outrigger/source', FILE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const job: AttackJob = { fixtures, driver: 'none', settings: undefined, attacks, interpreters: { javascript: JAVASCRIPT }, expect: [] };
  host.stdin.write(`${JSON.stringify(job)}\n`);
  const lines: HostLine[] = [];
  for await (const text of createInterface({ input: host.stdout })) {
    const line = JSON.parse(text) as HostLine;
    lines.push(line);
    onLine(line, () => host.stdin.end());
  }
  return lines;
}

const results = (lines: readonly HostLine[]) => lines.flatMap((line) => (line.kind === 'done' ? [line.result] : []));

test('attack-host tells what holds the attacks, then each result', async () => {
  const lines = await linesOf([attack('fs.read-outside')]);

  expect(lines.map(({ kind }) => kind)).toEqual(['ground', 'begun', 'done']);
  expect(lines[0]).toMatchObject({ ground: { driver: 'none', limits: 'none' } });
});

test.each([
  ['a secret that was read', 'fs.read-private-key', 'a secret was read'],
  ['a file that was changed', 'fs.append-outside', 'changed: '],
  ['a file that was created in a shared place', 'keep.temporary', 'changed: '],
  ['a server that was reached', 'net.loopback', 'a TCP server of the host was reached'],
  ['a datagram that arrived', 'net.udp', 'a UDP server of the host was reached'],
  ['an abstract socket that was reached', 'net.abstract-unix', 'a Unix socket of the host was reached'],
  ['a signal that it got', 'proc.signal-host', 'the host got its signal'],
  ['a process that was ended', 'proc.kill-victim', 'the victim was hurt'],
  ['a wrapper that was ended', 'proc.kill-group', 'what started it was ended'],
  ['a set-user-id bit that was left', 'fs.setuid-bit', 'was left: setuid'],
  ['a process that was left behind', 'keep.daemon', 'a process was left behind'],
])('attack-host sees %s', async (_what, id, evidence) => {
  const [result] = results(await linesOf([attack(id)]));

  expect(result).toMatchObject({ id, verdict: 'ALLOWED' });
  expect(result?.detail).toContain(evidence);
});

test('attack-host makes everything as it was before the next attack', async () => {
  const list = results(await linesOf(['fs.delete-outside', 'proc.kill-victim', 'fs.append-outside', 'proc.kill-victim'].map(attack)));

  expect(list.map(({ verdict }) => verdict)).toEqual(['ALLOWED', 'ALLOWED', 'ALLOWED', 'ALLOWED']);
});

test('attack-host ends when whoever started it has gone', async () => {
  const lines = await linesOf(
    Array.from({ length: 500 }, () => attack('fs.read-outside')),
    (line, end) => line.kind === 'done' && end(),
  );

  expect(results(lines).length).toBeLessThan(10);
});
