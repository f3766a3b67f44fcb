import { isoTime } from './event-id.ts';
import type { EventRun } from './event-run.ts';

/** Puts what the catalog has the host fill in where the application left it out; the application's own object stays as it is. */
export function fillIn(run: EventRun): void {
  const { hook, event, time, origin, progress } = run;
  const { fill, version = 1 } = hook.rules;
  // What is no object fails the check that follows.
  if (fill === undefined || typeof progress.payload !== 'object' || progress.payload === null) return;
  const values = {
    event,
    // Without an operation the event is one of its own.
    operation: origin.operation?.id ?? event,
    session: origin.session,
    time: isoTime(time),
    hook: hook.name.slice(hook.name.indexOf('.') + 1),
    version,
  };
  const made: Record<string, unknown> = {};
  for (const [field, what] of Object.entries(fill)) {
    if (progress.payload[field] === undefined && values[what] !== undefined) made[field] = values[what];
  }
  run.progress = { ...progress, payload: { ...progress.payload, ...made } };
}
