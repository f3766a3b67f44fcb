import type { Timers } from '../process/timers.ts';
import { callPlugin } from './call.ts';
import type { EventRun } from './event-run.ts';
import type { Participant } from './plan.ts';

/** Walks the plan: the only loop over plugins in the host. */
export async function dispatch(run: EventRun, timers: Timers): Promise<void> {
  let index = -1;
  for (const stage of run.plan.stages) {
    index += 1;
    const asked = run.isOver ? skip(run, stage) : matching(run, stage);
    const [first] = asked;
    if (first === undefined) continue;
    const at = { stage: index, timers };
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

/** Those whose filters fit the payload as it is now; the others go into the record. */
export function matching(run: EventRun, stage: readonly Participant[]): readonly Participant[] {
  if (!stage.some(hasFilter)) return stage;
  return stage.filter((participant) => {
    const fits = participant.matches === undefined || participant.matches(run.progress.payload);
    if (!fits) run.skipped.push({ participant, reason: 'match' });
    return fits;
  });
}

function hasFilter({ matches }: Participant): boolean {
  return matches !== undefined;
}

function skip(run: EventRun, stage: readonly Participant[]): readonly Participant[] {
  for (const participant of stage) run.skipped.push({ participant, reason: 'decided' });
  return [];
}
