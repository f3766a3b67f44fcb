import type { Timers } from '../process/timers.ts';
import { callPlugin } from './call.ts';
import type { EventRun } from './event-run.ts';
import type { Participant } from './plan.ts';

/** Walks the plan: the only loop over plugins in the host. */
export async function dispatch(run: EventRun, timers: Timers): Promise<void> {
  for (const stage of run.plan.stages) {
    if (run.isOver) return;
    const at = { stage: run.reached++, timers };
    const asked = matching(stage, run.progress.payload);
    const [first] = asked;
    if (first === undefined) continue;
    if (asked.length === 1) run.take(await callPlugin(first, run, at));
    else await together(run, asked, at);
  }
}

/** Asks all at once. In a concurrent stage the first that decides the event ends the waiting for the others. */
async function together(run: EventRun, asked: readonly Participant[], at: { stage: number; timers: Timers }): Promise<void> {
  const calls = asked.map(async (participant) => {
    const answered = await callPlugin(participant, run, at);
    run.take(answered);
    if (run.isOver && participant.subscription.mode === 'concurrent') run.callOff('Another plugin decided the event');
  });
  await Promise.all(calls);
}

/** Those whose filters fit the payload as it is now. */
export function matching(stage: readonly Participant[], payload: Readonly<Record<string, unknown>>): readonly Participant[] {
  return stage.some(hasFilter) ? stage.filter(({ matches }) => matches === undefined || matches(payload)) : stage;
}

function hasFilter({ matches }: Participant): boolean {
  return matches !== undefined;
}
