import type { Change, PlanLine, Skip, Trace, TracedAnswer, TracedOutcome, Would } from '@outrigger/schemas';
import type { LoadedHook } from '../registry/types.ts';
import { isoTime } from './event-id.ts';
import type { Answered, EventRun } from './event-run.ts';
import type { Would as AnyWould } from './merge.ts';
import { changesOf } from './patch.ts';
import type { Plan } from './plan.ts';
import { redactChanges, redactForRecord } from './redact.ts';

/** The record of one event as data; fields marked `x-sensitive` are shown to nobody in it. Diffs are made here, when somebody looks, not while the event runs. */
export function makeTrace(run: EventRun): Trace {
  const { operation, session, parent } = run.origin;
  const answers = run.answers.map((answered) => tracedAnswer(answered, run.hook));
  return {
    event: run.event,
    hook: run.hook.name,
    time: isoTime(run.time),
    durationMs: milliseconds(run.isFinished ? run.durationMs : run.elapsed()),
    ...(operation === undefined ? {} : { operation: operation.id }),
    ...(session === undefined ? {} : { session }),
    ...(parent === undefined ? {} : { parent: parent.event }),
    depth: run.depth,
    plan: linesOf(run.plan).map((line) => ({ ...line, why: [...line.why] })),
    answers,
    skipped: skips(run),
    outcome: tracedOutcome(run, answers),
  };
}

/** Everybody in the plan who has no answer: the rest of the record says why. */
function skips(run: EventRun): Skip[] {
  const { disabled, ordered } = run.plan;
  if (disabled.length === 0 && run.answers.length === ordered.length) return [];
  const answered = new Set(run.answers.map(({ participant }) => participant));
  const left = [...run.plan.stages, run.plan.background].flatMap((stage, index) => {
    // Those in the background hear of every event that has an outcome.
    const isReached = index < run.reached || (index === run.plan.stages.length && run.cancelled === undefined);
    const reason = isReached ? ('match' as const) : ('decided' as const);
    return stage.filter((participant) => !answered.has(participant)).map(({ subscription }) => ({ plugin: subscription.plugin, reason }));
  });
  return [...disabled.map(({ subscription }) => ({ plugin: subscription.plugin, reason: 'disabled' as const })), ...left];
}

/** True when the event went on in spite of this answer. */
export function isFailOpen({ judgement, participant }: Answered): boolean {
  const { mode, onFailure } = participant.subscription;
  return judgement.status === 'failed' && (onFailure !== 'fail' || mode === 'fire_and_forget');
}

const lines = new WeakMap<Plan, readonly PlanLine[]>();

/** The same for every event of the plan; whoever gets a trace gets a copy. */
function linesOf(plan: Plan): readonly PlanLine[] {
  const known = lines.get(plan) ?? planLines(plan);
  lines.set(plan, known);
  return known;
}

function planLines(plan: Plan): PlanLine[] {
  const stageOf = new Map(
    [...plan.stages, plan.background].flatMap((stage, index) => stage.map((one) => [one.subscription, index] as const)),
  );
  return plan.ordered.map(({ subscription, why }) => ({
    plugin: subscription.plugin,
    mode: subscription.mode,
    stage: stageOf.get(subscription) ?? 0,
    priority: subscription.priority,
    why: [...why],
  }));
}

function tracedAnswer(answered: Answered, hook: LoadedHook): TracedAnswer {
  const { judgement, participant, stage, pid } = answered;
  const traced: TracedAnswer = {
    plugin: participant.subscription.plugin,
    mode: participant.subscription.mode,
    stage,
    status: judgement.status,
    startMs: milliseconds(answered.startMs),
    durationMs: milliseconds(answered.durationMs),
  };
  // None, when the call was refused before any process saw it.
  if (answered.attempts > 0) traced.attempts = answered.attempts;
  if (pid !== undefined) traced.pid = pid;
  if (answered.coldStart) traced.coldStart = true;
  if ('given' in judgement && judgement.given !== undefined) {
    const { metadata, retryAfterMs } = judgement.given;
    if (metadata !== undefined) traced.metadata = metadata;
    if (retryAfterMs !== undefined) traced.retryAfterMs = retryAfterMs;
  }
  switch (judgement.status) {
    case 'failed':
      traced.code = judgement.failure.code;
      traced.message = judgement.failure.message;
      traced.failOpen = isFailOpen(answered);
      break;
    case 'modified':
      traced.changes = shownChanges(judgement, hook);
      break;
    case 'blocked':
      traced.violation = judgement.violation;
      break;
    case 'replaced':
      traced.value = redactForRecord(judgement.value, hook.sensitive?.replace);
      break;
    case 'continued':
      if (judgement.would !== undefined) traced.would = tracedWould(judgement.would, hook);
      break;
    case 'cancelled':
    case 'delivered':
      break;
  }
  return traced;
}

function shownChanges({ before, patch }: { readonly before: unknown; readonly patch: unknown }, { sensitive }: LoadedHook): Change[] {
  return redactChanges(changesOf(before, patch), sensitive?.payload);
}

function tracedWould(would: AnyWould, hook: LoadedHook): Would {
  switch (would.action) {
    case 'modify':
      return { action: 'modify', changes: shownChanges(would, hook) };
    case 'replace':
      return { action: 'replace', value: redactForRecord(would.value, hook.sensitive?.replace) };
    case 'block':
      return { ...would };
  }
}

function tracedOutcome({ progress, cancelled, hook }: EventRun, answers: readonly TracedAnswer[]): TracedOutcome {
  const outcome: TracedOutcome = { status: cancelled === undefined ? progress.status : 'cancelled', changed: changedBy(answers) };
  if (progress.by !== undefined) outcome.by = progress.by;
  if (progress.cause !== undefined) outcome.cause = progress.cause;
  if (progress.violation !== undefined) outcome.violation = progress.violation;
  if (progress.status === 'replaced') outcome.value = redactForRecord(progress.value, hook.sensitive?.replace);
  return outcome;
}

/** Every changed place with everyone who wrote it, in order: the last one won. */
function changedBy(answers: readonly TracedAnswer[]): TracedOutcome['changed'] {
  const writers = new Map<string, string[]>();
  for (const { plugin, changes = [] } of answers) {
    for (const { pointer } of changes) {
      const earlier = writers.get(pointer);
      if (earlier === undefined) writers.set(pointer, [plugin]);
      else earlier.push(plugin);
    }
  }
  return [...writers].map(([pointer, by]) => ({ pointer, by }));
}

/** Microseconds are as fine as the clock is honest. */
function milliseconds(value: number): number {
  return Math.max(0, Math.round(value * 1000) / 1000);
}
