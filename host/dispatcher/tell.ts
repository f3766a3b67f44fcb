import type { OutcomeSummary } from '@outrigger/schemas';
import { LocalContext } from './call-handler.ts';
import type { EventRun } from './event-run.ts';
import type { Judgement } from './merge.ts';
import type { Participant } from './plan.ts';
import { type Hidden, hiddenFrom, redact } from './redact.ts';

export type OnError = (participant: Participant, error: unknown) => void;

/** Hands the finished event to the `fire_and_forget` subscribers. Waits for nobody. */
export function tell(run: EventRun, listeners: readonly Participant[], at: { outcome: OutcomeSummary; onError: OnError }): void {
  if (listeners.length === 0) return;
  const stage = run.plan.stages.length;
  const messages = new Map<Hidden | undefined, string>();
  for (const participant of listeners) {
    const startMs = run.elapsed();
    let judgement: Judgement = { status: 'delivered' };
    if (participant.plugin !== undefined) {
      const hidden = hiddenFrom(run.hook, participant.subscription.sees);
      const message = messages.get(hidden) ?? `${run.sharedWithout(hidden)},"outcome":${outcomeText(run, at.outcome, hidden)}`;
      messages.set(hidden, message);
      const state = run.origin.operation?.states.get(participant.subscription.plugin);
      const failure = participant.plugin.notify(state === undefined ? message : `${message},"state":${state}`);
      if (failure !== undefined) judgement = { status: 'failed', failure };
    } else runLater(participant, run, at);
    // Recorded, not merged: the outcome has been told already.
    run.answers.push({
      participant,
      stage,
      judgement,
      startMs,
      durationMs: run.elapsed() - startMs,
      attempts: 1,
      pid: undefined,
      coldStart: false,
    });
  }
}

function outcomeText({ hook }: EventRun, outcome: OutcomeSummary, hidden: Hidden | undefined): string {
  if (hidden === undefined || !('value' in outcome)) return JSON.stringify(outcome);
  return JSON.stringify({ ...outcome, value: redact(outcome.value, hook.sensitive?.replace, hidden) });
}

/** An in-process listener runs after emit() has returned; what it throws is reported and harms nobody. */
function runLater(participant: Participant, run: EventRun, at: { outcome: OutcomeSummary; onError: OnError }): void {
  const { view } = run;
  const context = new LocalContext(run, participant.subscription.plugin, at.outcome);
  setImmediate(async () => {
    try {
      await participant.handler?.(view, context);
    } catch (error) {
      at.onError(participant, error);
    }
  });
}
