import type { OutcomeSummary } from '@outrigger/schemas';
import { LocalContext } from './call-handler.ts';
import type { EventRun } from './event-run.ts';
import type { Judgement } from './merge.ts';
import type { Participant } from './plan.ts';

export type OnError = (participant: Participant, error: unknown) => void;

/** Hands the finished event to the `fire_and_forget` subscribers. Waits for nobody. */
export function tell(run: EventRun, listeners: readonly Participant[], at: { outcome: OutcomeSummary; onError: OnError }): void {
  if (listeners.length === 0) return;
  const stage = run.plan.stages.length;
  let message: string | undefined;
  for (const participant of listeners) {
    const startMs = run.elapsed();
    let judgement: Judgement = { status: 'delivered' };
    if (participant.plugin !== undefined) {
      message ??= `${run.shared},"outcome":${JSON.stringify(at.outcome)}`;
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
