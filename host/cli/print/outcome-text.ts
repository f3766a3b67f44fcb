import type { TracedOutcome } from '@outrigger/schemas';
import { printable } from './printable.ts';
import type { Cell } from './table.ts';

type Decision = Pick<TracedOutcome, 'status'> & {
  readonly by?: string | undefined;
  readonly cause?: TracedOutcome['cause'] | undefined;
  readonly violation?: TracedOutcome['violation'] | undefined;
};

/** What became of an event, in one line: `blocked by protect: rm is not allowed here (no-rm)`. */
export function outcomeText(outcome: Decision): Cell {
  const by = printable(outcome.by ?? 'the host');
  if (outcome.status === 'continued') return { text: 'continued', tone: 'good' };
  if (outcome.status === 'cancelled') return { text: 'cancelled', tone: 'warn' };
  if (outcome.status === 'replaced') return { text: `replaced by ${by}`, tone: 'warn' };
  const isFailure = outcome.cause === 'failure';
  const who = isFailure ? `blocked because ${by} failed` : `blocked by ${by}`;
  const violation = outcome.violation && (isFailure ? withFirstLine(outcome.violation) : outcome.violation);
  return { text: violation ? `${who}: ${violationText(violation)}` : who, tone: 'bad' };
}

/** What follows a failure are the last lines that the plugin wrote; the log and the trace have them. */
function withFirstLine<V extends { readonly reason: string }>(violation: V): V {
  const [first = '', ...more] = violation.reason.split('\n');
  return more.length === 0 ? violation : { ...violation, reason: `${first} …` };
}

/** `reason (code)` */
export function violationText(violation: { readonly code: string; readonly reason: string }): string {
  return `${printable(violation.reason)} (${printable(violation.code)})`;
}
