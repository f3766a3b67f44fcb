import { isoTime } from '../dispatcher/event-id.ts';
import type { Answered, EventRun } from '../dispatcher/event-run.ts';
import type { Participant, Plan } from '../dispatcher/plan.ts';
import { makeTrace } from '../dispatcher/trace.ts';

/**
 * What `JSON.stringify(makeTrace(run))` gives, for an event about which everybody was asked and nobody said anything, as most are: put together
 * of what is the same for every event of the plan. Undefined for any other.
 */
export function plainTraceText(run: EventRun): string | undefined {
  const { plan, answers, origin, progress, cancelled } = run;
  const isWhole = cancelled === undefined && plan.disabled.length === 0 && answers.length === plan.ordered.length;
  if (!isWhole || progress.status !== 'continued' || !answers.every(saysNothing)) return undefined;
  if (origin.operation !== undefined || origin.session !== undefined || origin.parent !== undefined || run.depth !== 0) return undefined;
  const known = textsOf(plan, run);
  let text = `{"event":"${run.event}","hook":${known.hook},"time":"${isoTime(run.time)}","durationMs":${milliseconds(run.durationMs)},`;
  text += `"depth":0,"plan":${known.lines},"answers":[`;
  for (let place = 0; place < answers.length; place++) text += (place === 0 ? '' : ',') + answerText(answers[place] as Answered);
  return `${text}],"skipped":[],"outcome":{"status":"continued","changed":[]}}`;
}

/** True: it asked for nothing, and told nothing for the record. */
export function saysNothing({ judgement }: Answered): boolean {
  if (judgement.status !== 'continued' || judgement.would !== undefined) return false;
  const { given } = judgement;
  return given === undefined || (given.metadata === undefined && given.retryAfterMs === undefined);
}

interface PlanTexts {
  readonly hook: string;
  readonly lines: string;
}

const plans = new WeakMap<Plan, PlanTexts>();
const names = new WeakMap<Participant, string>();

function textsOf(plan: Plan, run: EventRun): PlanTexts {
  let texts = plans.get(plan);
  if (texts === undefined) {
    texts = { hook: JSON.stringify(plan.hook.name), lines: JSON.stringify(makeTrace(run).plan) };
    plans.set(plan, texts);
  }
  return texts;
}

function answerText({ participant, stage, startMs, durationMs, attempts, pid, coldStart }: Answered): string {
  let name = names.get(participant);
  if (name === undefined) {
    const { plugin, mode } = participant.subscription;
    name = JSON.stringify({ plugin, mode }).slice(0, -1);
    names.set(participant, name);
  }
  let text = `${name},"stage":${stage},"status":"continued","startMs":${milliseconds(startMs)},"durationMs":${milliseconds(durationMs)}`;
  if (attempts > 0) text += `,"attempts":${attempts}`;
  if (pid !== undefined) text += `,"pid":${pid}`;
  return coldStart ? `${text},"coldStart":true}` : `${text}}`;
}

/** As `makeTrace` rounds. */
function milliseconds(value: number): number {
  return Math.max(0, Math.round(value * 1000) / 1000);
}
