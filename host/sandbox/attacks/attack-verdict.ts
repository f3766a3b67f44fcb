import type { Attack } from './attack-programs.ts';
import type { ProgramRun } from './attack-run.ts';

/** `NO ANSWER` counts as not passed: nothing is concluded from silence. */
export type Verdict = 'ALLOWED' | 'DENIED' | 'SKIPPED' | 'NO ANSWER';

export interface AttackResult extends Pick<Attack, 'id' | 'language' | 'category' | 'layer' | 'about'> {
  readonly verdict: Verdict;
  /** What the attack or the host says of it. */
  readonly detail: string;
}

const SAID: ReadonlySet<unknown> = new Set(['ALLOWED', 'DENIED', 'SKIPPED']);
/** Ends that a limit brings about. */
const LIMIT_SIGNALS: ReadonlySet<unknown> = new Set(['SIGKILL', 'SIGXFSZ', 'SIGSEGV', 'SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGBUS']);

/** What became of an attack. What the host saw counts more than what the attack says. Pure. */
export function judge(attack: Attack, run: ProgramRun, seen: readonly string[]): AttackResult {
  const { id, language, category, layer, about } = attack;
  const [verdict, detail] = decide(attack, run, evidenceOf(attack, run, seen));
  return { id, language, category, layer, about, verdict, detail: detail.slice(0, 300) };
}

function evidenceOf({ id }: Attack, { exit }: ProgramRun, seen: readonly string[]): readonly string[] {
  return id === 'proc.kill-group' && exit.signal === 'SIGTERM' ? [...seen, 'what started it was ended'] : seen;
}

function decide(attack: Attack, run: ProgramRun, evidence: readonly string[]): [Verdict, string] {
  if (evidence.length > 0) return ['ALLOWED', `seen on the host: ${evidence.join('; ')}`];
  const { verdict, detail, id } = (run.answer ?? {}) as { verdict?: unknown; detail?: unknown; id?: unknown };
  if (id === attack.id && SAID.has(verdict)) return [verdict as Verdict, String(detail)];
  const { exit } = run;
  if (exit.limit !== undefined) return ['DENIED', `ended: ${exit.limit.message}`];
  if (exit.signal === 'SIGSYS') return ['DENIED', 'ended by the filter of system calls'];
  if (run.isLate) return ['NO ANSWER', 'it was still running at its deadline'];
  if (attack.ends && LIMIT_SIGNALS.has(exit.signal)) return ['DENIED', `ended by ${exit.signal}`];
  if (verdict !== undefined) return ['NO ANSWER', `the attack itself failed: ${String(detail)}`];
  const end = exit.error?.message ?? exit.signal ?? `code ${exit.code}`;
  return ['NO ANSWER', `it ended with ${end}: ${run.output.trim().split('\n').at(-1) ?? ''}`];
}
