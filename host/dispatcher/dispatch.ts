import { type CallDeps, callPlugin } from './call.ts';
import type { Answered, EventRun } from './event-run.ts';
import { matching, Route } from './filters.ts';
import type { Participant } from './plan.ts';

/** Walks the plan: the only loop over plugins in the host. Undefined when nobody had to be waited for: then the event is over already. */
export function dispatch(run: EventRun, deps: CallDeps): Promise<void> | undefined {
  const route = new Route(run.plan.stages);
  const waiting = walk(run, route, deps);
  return waiting === undefined ? undefined : walkOn(waiting, { run, route, deps });
}

async function walkOn(first: Promise<void>, { run, route, deps }: { run: EventRun; route: Route; deps: CallDeps }): Promise<void> {
  for (let waiting: Promise<void> | undefined = first; waiting !== undefined; waiting = walk(run, route, deps)) await waiting;
}

/** Goes from stage to stage until there is something to wait for. */
function walk(run: EventRun, route: Route, deps: CallDeps): Promise<void> | undefined {
  const { stages } = run.plan;
  while (!run.isOver) {
    const number = route.next(run.reached, run.progress.payload);
    const stage = stages[number];
    run.reached = stage === undefined ? stages.length : number + 1;
    if (stage === undefined) return undefined;
    const waiting = askStage(run, matching(stage, run.progress.payload), deps);
    if (waiting !== undefined) return waiting;
  }
  return undefined;
}

function askStage(run: EventRun, asked: readonly Participant[], deps: CallDeps): Promise<void> | undefined {
  const [first] = asked;
  if (first === undefined) return undefined;
  const at = { stage: run.reached - 1, timers: deps.timers, room: deps.room };
  if (asked.length > 1) return together(run, asked, at);
  const answered = callPlugin(first, run, at);
  if (answered instanceof Promise) return answered.then((late) => run.take(late));
  run.take(answered);
  return undefined;
}

/** Asks all at once. In a concurrent stage the first that decides the event ends the waiting for the others. */
async function together(run: EventRun, asked: readonly Participant[], at: CallDeps & { stage: number }): Promise<void> {
  const take = (answered: Answered): void => {
    run.take(answered);
    if (run.isOver && answered.participant.subscription.mode === 'concurrent') run.callOff('Another plugin decided the event');
  };
  const answers = asked.map((participant) => callPlugin(participant, run, at));
  await Promise.all(answers.map((answered) => (answered instanceof Promise ? answered.then(take) : take(answered))));
}
