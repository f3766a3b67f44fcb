import { expect, test } from 'vitest';
import type { Attack } from '../../../../host/sandbox/attacks/attack-programs.ts';
import type { ProgramRun } from '../../../../host/sandbox/attacks/attack-run.ts';
import { judge } from '../../../../host/sandbox/attacks/attack-verdict.ts';

const ATTACK: Attack = { id: 'fs.one', language: 'python', category: 'files', layer: 'mounts', about: 'Reads' };
const RUN: ProgramRun = { answer: undefined, output: '', exit: { code: 0 }, isLate: false, hold: undefined };
const says = (verdict: string): ProgramRun => ({ ...RUN, answer: { id: 'fs.one', verdict, detail: 'EACCES' } });

test.each(['ALLOWED', 'DENIED', 'SKIPPED'])('judge() takes the word of an attack that says %s', (verdict) => {
  expect(judge(ATTACK, says(verdict), [])).toMatchObject({ id: 'fs.one', verdict, detail: 'EACCES' });
});

test('judge() believes what the host saw, whatever the attack says', () => {
  expect(judge(ATTACK, says('DENIED'), ['a secret was read'])).toMatchObject({
    verdict: 'ALLOWED',
    detail: 'seen on the host: a secret was read',
  });
});

test.each([
  ['silence', RUN],
  ['an answer about another attack', { ...RUN, answer: { id: 'fs.two', verdict: 'DENIED' } }],
  ['a crash of the attack itself', says('ERROR')],
  ['a verdict that there is not', says('MAYBE')],
  ['a death that no limit explains', { ...RUN, exit: { signal: 'SIGSEGV' as const } }],
  ['a program that could not be started', { ...RUN, exit: { error: new Error('ENOENT') } }],
  ['a deadline', { ...RUN, isLate: true, exit: { signal: 'SIGKILL' as const } }],
])('judge() concludes nothing from %s', (_what, run) => {
  expect(judge(ATTACK, run, []).verdict).toBe('NO ANSWER');
});

test('judge() takes a death by a limit as a denial where the attack is about limits, and by the filter always', () => {
  const killed = { ...RUN, exit: { signal: 'SIGKILL' as const } };
  const limited = { ...RUN, exit: { signal: 'SIGKILL' as const, limit: { kind: 'memory' as const, message: 'too much' } } };

  expect(judge({ ...ATTACK, ends: true }, killed, []).verdict).toBe('DENIED');
  expect(judge({ ...ATTACK, ends: true }, { ...killed, isLate: true }, []).verdict).toBe('NO ANSWER');
  expect(judge(ATTACK, limited, [])).toMatchObject({ verdict: 'DENIED', detail: 'ended: too much' });
  expect(judge(ATTACK, { ...RUN, exit: { signal: 'SIGSYS' } }, []).verdict).toBe('DENIED');
});

test('judge() sees in the end of the wrapper that a signal to the group reached it', () => {
  const attack = { ...ATTACK, id: 'proc.kill-group' };
  const answer = { id: attack.id, verdict: 'DENIED', detail: 'sent' };

  expect(judge(attack, { ...RUN, answer, exit: { signal: 'SIGTERM' } }, []).verdict).toBe('ALLOWED');
  expect(judge(attack, { ...RUN, answer }, []).verdict).toBe('DENIED');
});
